"""A cluster that speaks TLS, by Dask's own settings, with an authority that lives as long as the tests."""

import subprocess

import dask
import distributed
import pytest

from migrator.cluster_address import security
from migrator.errors import UsageError
from tests.migrator.on_cluster import SECRET, Place, all_done

# Its settings are there once it is imported.
assert distributed
PREFIX = "DASK_DISTRIBUTED__COMM__"
ROLES = ("SCHEDULER", "WORKER", "CLIENT")
NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def made(folder, *arguments):
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def authority(folder, name):
    made(folder, "req", "-x509", *NEW_KEY, "-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """PEM files: an authority, a member that it vouches for, and another authority."""
    folder = tmp_path_factory.mktemp("tls")
    authority(folder, "ca")
    authority(folder, "other")
    made(folder, "req", *NEW_KEY, "-keyout", "member.key", "-out", "member.csr", "-subj", "/CN=member")
    made(folder, "x509", "-req", "-in", "member.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
         "-out", "member.pem")  # fmt: skip
    return folder


def variables(folder, ca="ca"):
    files = {
        f"TLS__{role}__{what}": f"member.{end}" for role in ROLES for what, end in (("CERT", "pem"), ("KEY", "key"))
    }
    return {PREFIX + name: str(folder / file) for name, file in {"TLS__CA_FILE": f"{ca}.pem", **files}.items()}


def test_a_cluster_that_speaks_nothing_else_does_the_work(tmp_path, folder):
    settings = {**variables(folder), f"{PREFIX}DEFAULT_SCHEME": "tls", f"{PREFIX}REQUIRE_ENCRYPTION": "true"}
    place = Place(tmp_path)
    try:
        place.write(12)
        cluster = place.cluster(**settings)
        assert cluster.address.startswith("tls://")
        cluster.add_worker()
        # Whoever is not of this authority, or has no certificate, is told, and nothing is uploaded.
        code, told = place.run(cluster.address, **variables(folder, "other"))
        assert (code, "certificate" in told.lower()) == (4, True), told
        code, told = place.run(cluster.address)
        assert (code, f"{PREFIX}TLS__CA_FILE" in told.splitlines()[-1]) == (2, True), told
        assert place.s3.objects == {}
        code, told = place.run(cluster.address, **variables(folder))
        assert code == 0, told
        all_done(place, 12)
        assert SECRET not in told + cluster.scheduler.told + cluster.workers[0].told
    finally:
        place.close()


def settings(**given):
    """Dask's own, where nobody has named any file but these."""
    names = ("require-encryption", "tls.ca-file", "tls.client.cert", "tls.client.key", "tls.min-version")
    values = {name: given.get(name.rpartition(".")[2].replace("-", "_")) for name in names}
    return dask.config.set({f"distributed.comm.{name}": value for name, value in values.items()})


@pytest.mark.parametrize(
    ("address", "given", "told"),
    [
        ("tls://host:1", {}, "needs a certificate"),
        ("tls://host:1", {"ca_file": "ca.pem"}, "needs a certificate"),
        ("tls://host:1", {"ca_file": "none", "cert": "none"}, "No such file"),
        ("tls://host:1", {"ca_file": "ca.pem", "cert": "member.pem", "key": "ca.key"}, "mismatch"),
        ("tls://host:1", {"min_version": 7}, "min-version"),
        ("tcp://host:1", {"require_encryption": True}, "give tls://"),
    ],
    ids=["nothing", "no-certificate", "no-such-file", "another-key", "no-such-version", "not-encrypted"],
)
def test_settings_that_do_not_fit_the_address_are_told_with_the_remedy(folder, monkeypatch, address, given, told):
    monkeypatch.chdir(folder)
    with settings(**given), pytest.raises(UsageError, match=told):
        security(address)


def test_without_settings_a_cluster_is_reached_in_the_clear():
    with settings():
        assert security("tcp://host:1").get_connection_args("client")["ssl_context"] is None
