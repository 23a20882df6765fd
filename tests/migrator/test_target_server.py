"""The target against a real S3 server."""

import os
import secrets
from dataclasses import dataclass

import boto3
import pytest
from botocore.config import Config

from migrator.errors import KeyTaken, TargetRefused
from migrator.staging import PART_BYTES
from migrator.target import Address, Target, TargetSettings

KEYS = [
    "plain.csv.parquet", "a b", "a%25b", "a%b", "a+b", "a#b", "a?b", "~", "e\u0301", "\u00e9", "a\nb", "a\rb", "a\tb",
    "a\x01b", "a&b=c;d", "'\"", "*", "a:b", "\U0001f600", "\x7f", "x" * 200,
]  # fmt: skip


@dataclass
class World:
    target: Target
    client: object
    bucket: str

    def put(self, key, data):
        upload = self.target.stage(key, {"source-path": "a%20b"})
        upload.write(data)
        upload.close()
        return self.target.commit(upload)

    def versions(self, key):
        answer = self.client.list_object_versions(Bucket=self.bucket, Prefix=key)
        return len(answer.get("Versions", [])), len(answer.get("DeleteMarkers", []))


@pytest.fixture
def world(s3_server, monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_server.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3_server.secret_key)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    bucket = s3_server.bucket()
    client = boto3.client(
        "s3",
        endpoint_url=s3_server.endpoint_url,
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}, request_checksum_calculation="when_required"),
    )
    target = Target(Address(bucket, "lake"), TargetSettings(tmp_path, s3_server.endpoint_url, retry_for=5))
    return World(target, client, bucket)


def test_every_odd_key_arrives_exactly(world):
    keys = [f"lake/{key}" for key in KEYS]
    for key in keys:
        receipt = world.put(key, b"hello")
        found = world.target.find(key)
        assert found is not None
        assert (found.etag, found.size, found.version) == (receipt.etag, 5, receipt.version)
    assert sorted(each.key for each in world.target.listing("lake/")) == sorted(keys)


@pytest.mark.parametrize("size", [0, 5, PART_BYTES // 2, 2 * PART_BYTES + 7], ids=["empty", "small", "middle", "parts"])
@pytest.mark.parametrize("name", ["a", "a\nb"])
def test_what_was_sent_is_what_is_stored_once_and_with_its_metadata(world, name, size):
    data = os.urandom(size)
    receipt = world.put(name, data)
    held = world.client.get_object(Bucket=world.bucket, Key=name)
    assert held["Body"].read() == data
    assert held["Metadata"] == {"source-path": "a%20b"}
    assert (held["ETag"].strip('"'), held["VersionId"]) == (receipt.etag, receipt.version)
    assert [(each.size, each.etag) for each in world.target.listing()] == [(size, receipt.etag)]
    with pytest.raises(KeyTaken):
        world.put(name, data)
    assert world.versions(name) == (1, 0)
    world.target.take_back(name, receipt.version)
    assert world.versions(name) == (0, 0)


def test_taking_back_without_a_version_leaves_no_delete_marker(world):
    world.put("a", b"x")
    world.target.take_back("a", None)
    assert world.versions("a") == (0, 0)


def test_uploads_that_were_left_over_are_aborted(world):
    for key in ("lake/a\nb", "lake/c", "other"):
        world.client.create_multipart_upload(Bucket=world.bucket, Key=key)
    ours = world.target.uploads("lake/")
    assert sorted(key for key, _ in ours) == ["lake/a\nb", "lake/c"]
    world.target.abort_uploads(ours)
    assert [key for key, _ in world.target.uploads()] == ["other"]


def test_an_aborted_upload_leaves_nothing(world):
    upload = world.target.stage("a", {})
    upload.write(bytes(2 * PART_BYTES))
    upload.abort()
    assert world.target.uploads() == []
    assert world.target.find("a") is None


def test_wrong_credentials_are_a_refusal_of_everybody(world, s3_server, monkeypatch, tmp_path):
    wrong = secrets.token_hex(16)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", wrong)
    target = Target(Address(world.bucket), TargetSettings(tmp_path, s3_server.endpoint_url))
    for ask in (lambda: target.find("a"), lambda: target.find("a\nb"), lambda: list(target.listing())):
        with pytest.raises(TargetRefused, match="secret key") as caught:
            ask()
        assert wrong not in str(caught.value)
