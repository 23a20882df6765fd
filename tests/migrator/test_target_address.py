"""Where the target is, and with what it is reached."""

import pytest

from migrator.access import resolve
from migrator.errors import TargetRefused, UsageError
from migrator.target_address import Address, TargetSettings

KEYS = {"AWS_ACCESS_KEY_ID": "from-environment", "AWS_SECRET_ACCESS_KEY": "secret"}


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("s3://bucket", Address("bucket", "")),
        ("s3://bucket/", Address("bucket", "")),
        ("s3://bucket/lake", Address("bucket", "lake")),
        ("s3://bucket//lake/raw//", Address("bucket", "lake/raw")),
        ("S3://my.bucket-1/a b?c#d%20", Address("my.bucket-1", "a b?c#d%20")),
    ],
)
def test_an_address_is_a_bucket_and_a_prefix(text, address):
    assert Address.parse(text) == address


def test_what_stands_under_an_address_begins_with_its_prefix():
    assert Address("b", "lake").under == "lake/"
    assert Address("b").under == ""
    assert str(Address.parse("s3://b/lake/")) == "s3://b/lake"


@pytest.mark.parametrize(
    "text",
    ["", "bucket", "s3:/bucket", "s3://", "s3:///x", "http://bucket", "s3://bu cket", "s3://b/\udcff", "s3://b?x"],
)
def test_another_address_is_told_with_what_would_be_right(text):
    with pytest.raises(UsageError, match=r"write"):
        Address.parse(text)


@pytest.mark.parametrize(
    "url",
    [
        "127.0.0.1:9000",
        "localhost",
        "ftp://host",
        "http://",
        "http://h:99999",
        "http://h:x",
        "http://h?x",
        " http://h",
        "",
    ],
)
def test_an_endpoint_that_is_no_url_is_told(tmp_path, url):
    with pytest.raises(UsageError, match="http://HOST"):
        TargetSettings(tmp_path, url)


def test_a_password_in_an_endpoint_is_not_shown(tmp_path):
    with pytest.raises(UsageError) as caught:
        TargetSettings(tmp_path, "http://me:hush@host")
    assert "hush" not in str(caught.value)


@pytest.fixture(autouse=True)
def bare(monkeypatch, tmp_path):
    """No machine's own configuration."""
    for name in ("PROFILE", "DEFAULT_PROFILE", "REGION", "DEFAULT_REGION", "ENDPOINT_URL", "ENDPOINT_URL_S3"):
        monkeypatch.delenv(f"AWS_{name}", raising=False)
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "CA_BUNDLE", "IGNORE_CONFIGURED_ENDPOINT_URLS"):
        monkeypatch.delenv(f"AWS_{name}", raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def env(monkeypatch):
    def set_all(**values):
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    return set_all


def test_keys_of_the_environment_suffice(env):
    env(**KEYS, AWS_SESSION_TOKEN="token", AWS_ENDPOINT_URL="http://host:1")
    access = resolve(None)
    assert (access.endpoint, access.region) == ("http://host:1", "us-east-1")
    keys = access.keys()
    assert (keys.access_key, keys.secret_key, keys.token) == ("from-environment", "secret", "token")
    assert "secret" not in repr(access) + repr(keys)


def test_the_option_goes_before_the_environment_and_s3s_own_before_all_services(env):
    env(**KEYS, AWS_ENDPOINT_URL="http://all", AWS_ENDPOINT_URL_S3="http://s3")
    assert resolve("http://option").endpoint == "http://option"
    assert resolve(None).endpoint == "http://s3"


@pytest.mark.parametrize("name", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_both_names_of_the_region_count(env, name):
    env(**KEYS, **{name: "eu-west-1"})
    assert resolve(None).region == "eu-west-1"


def test_a_profile_brings_keys_region_and_endpoint(env, tmp_path):
    env(AWS_PROFILE="other")
    (tmp_path / "config").write_text(
        "[profile other]\nregion = eu-north-1\nservices = local\n[services local]\ns3 =\n  endpoint_url = http://host:2\n"
    )
    (tmp_path / "credentials").write_text("[other]\naws_access_key_id = a\naws_secret_access_key = b\n")
    access = resolve(None)
    assert (access.endpoint, access.region, access.lasting) == ("http://host:2", "eu-north-1", True)
    assert (access.keys().access_key, access.keys().token) == ("a", None)


def test_keys_of_the_environment_go_before_its_profile_as_with_awss_own_tools(env, tmp_path):
    env(**KEYS, AWS_PROFILE="other")
    (tmp_path / "credentials").write_text("[other]\naws_access_key_id = a\naws_secret_access_key = b\n")
    assert resolve(None).keys().access_key == "from-environment"


def test_the_shared_configuration_tells_what_the_environment_does_not(env, tmp_path):
    env(**KEYS)
    (tmp_path / "config").write_text("[default]\nregion = eu-west-3\nendpoint_url = http://host:3\n")
    access = resolve(None)
    assert (access.endpoint, access.region) == ("http://host:3", "eu-west-3")
    assert access.keys().access_key == "from-environment"


def test_no_credentials_at_all_are_told_with_the_remedy():
    with pytest.raises(TargetRefused, match="AWS_ACCESS_KEY_ID"):
        resolve("http://host")


def test_a_profile_that_does_not_exist_is_told(env):
    env(AWS_PROFILE="nowhere")
    with pytest.raises(TargetRefused, match="nowhere"):
        resolve(None)


def test_an_endpoint_of_the_environment_that_is_no_url_is_told(env):
    env(**KEYS, AWS_ENDPOINT_URL="host:9000")
    with pytest.raises(TargetRefused, match="host:9000"):
        resolve(None)
