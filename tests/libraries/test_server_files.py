import pytest
import yaml

from harness import server_files
from harness.problems import EnvironmentFault

WHOLE = {
    "name": "one",
    "title": "One",
    "images": [{"reference": "a/one:1", "digest": "sha256:" + "0" * 64}],
    "build": {"wheel": "one-bin", "version": "1.0", "binary": "one"},
    "command": ["serve"],
    "access_key_variable": "KEY",
    "secret_key_variable": "SECRET",
    "port": 9000,
    "data_folder": "/data",
    "cannot": dict.fromkeys(server_files.CAPABILITIES, "it was never tried"),
}


def write(folder, **changes):
    content = {key: value for key, value in (WHOLE | changes).items() if value is not None}
    (folder / "one.yaml").write_text(yaml.safe_dump(content))
    return folder


@pytest.mark.parametrize("name", server_files.names())
def test_every_server_of_the_repository_is_described_well(name):
    assert server_files.load(name).name == name


def test_minio_is_the_default_and_seaweedfs_and_external_can_be_chosen():
    assert {"minio", "seaweedfs", "external"} <= set(server_files.names())
    assert server_files.DEFAULT == "minio"


def test_an_added_file_is_an_added_server(tmp_path):
    server = server_files.load("one", write(tmp_path))
    assert server.images[0].pinned == "a/one@sha256:" + "0" * 64
    assert server.build.wheel == "one-bin"


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"port": "9000"}, "port"),
        ({"port": 0}, "port"),
        ({"port": True}, "port"),
        ({"title": None}, "title"),
        ({"command": "serve"}, "command"),
        ({"comand": ["serve"]}, "comand"),
        ({"capabilities": ["flying"]}, "capabilities"),
        ({"capabilities": ["versioning"]}, "cannot"),
        ({"cannot": {"flying": "no wings"}}, "cannot"),
        ({"cannot": {}}, "cannot"),
        ({"odd_keys": {"dot-segments": "eaten"}}, "odd_keys"),
        ({"images": [{"reference": "a/one:1", "digest": "sha256:12"}]}, "images[0].digest"),
        ({"build": {"version": "1", "binary": "one"}}, "build.go_module"),
        ({"build": {"wheel": "one-bin", "version": 4.48, "binary": "one"}}, "build.version"),
        ({"images": [], "build": None}, "images"),
        ({"environment": {"A": False}}, "environment"),
        ({"health_path": "health"}, "health_path"),
        ({"name": "two"}, "name"),
    ],
)
def test_a_wrong_key_is_named_with_its_file_and_a_remedy(tmp_path, changes, key):
    with pytest.raises(EnvironmentFault) as told:
        server_files.load("one", write(tmp_path, **changes))
    assert f"{tmp_path / 'one.yaml'}: {key}" in str(told.value)


def test_a_file_that_is_no_yaml_is_named(tmp_path):
    (tmp_path / "one.yaml").write_text("a: [")
    with pytest.raises(EnvironmentFault, match="one.yaml is not readable as YAML"):
        server_files.load("one", tmp_path)


def test_an_unknown_server_is_told_together_with_the_known_ones():
    with pytest.raises(EnvironmentFault, match=r"'nothing'.*external, minio, seaweedfs"):
        server_files.load("nothing")


def test_an_unknown_capability_is_a_mistake_and_not_a_missing_one():
    with pytest.raises(ValueError, match="flying"):
        server_files.load("minio").can("flying")


def test_what_a_server_cannot_do_is_told_in_the_words_of_its_file(tmp_path):
    lacking = dict.fromkeys(server_files.CAPABILITIES, "it was never tried")
    del lacking["versioning"]
    odd = {"backslashes": "renamed", "dot-segments": "refused", "segment-over-255-bytes": "failed"}
    changes = {"capabilities": ["versioning"], "cannot": lacking, "odd_keys": odd, "health_path": "/up"}
    server = server_files.load("one", write(tmp_path, **changes))
    assert server.refusal("versioning") is None
    assert server.refusal("checksums") == "One cannot do this: checksums: it was never tried"
    assert server.refusal_of_key("dot-segments") is server.refusal_of_key("empty-segments") is None
    assert str(server.refusal_of_key("backslashes")).startswith("One cannot do this: backslashes in a key: it lists")
    assert "5xx" in str(server.refusal_of_key("segment-over-255-bytes"))
    assert len(server.announcements) == len(lacking) + 2


def test_the_default_server_can_do_everything():
    assert not server_files.load(server_files.DEFAULT).announcements
