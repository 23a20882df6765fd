"""An object that is read with one plain request is the one that boto3 reads, whatever its key; and boto3 helps out."""

import boto3
import pytest
from botocore.config import Config

from harness.bucket import Bucket
from harness.object_reads import ObjectReads
from harness.readiness import REGION

BODY = b"\x00body\r\n"
METADATA = {"source-path": "a%20b!c", "source-size": "3"}
KEYS = [
    "plain.parquet",
    "deep/er/a b+c&d=e%25~'(1)*.parquet",
    "ä/日本.parquet",
    "a//b.parquet",
    "tab\there",
    "?query#part",
]


@pytest.fixture
def bucket(s3_server):
    return Bucket(s3_server.endpoint_url, s3_server.access_key, s3_server.secret_key, s3_server.bucket())


@pytest.fixture
def client(s3_server):
    return boto3.client(
        "s3",
        endpoint_url=s3_server.endpoint_url,
        aws_access_key_id=s3_server.access_key,
        aws_secret_access_key=s3_server.secret_key,
        region_name=REGION,
        config=Config(s3={"addressing_style": "path"}),
    )


@pytest.fixture
def reads(s3_server):
    return ObjectReads(s3_server.endpoint_url, s3_server.access_key, s3_server.secret_key)


@pytest.mark.parametrize("key", KEYS)
def test_bytes_and_metadata_are_those_that_boto3_reads(bucket, client, reads, key):
    try:
        client.put_object(Bucket=bucket.name, Key=key, Body=BODY, Metadata=METADATA)
    except client.exceptions.ClientError:
        # A server may refuse an odd key; then none can be read either, by neither way.
        assert reads.fetch(bucket.name, key) is None
        return
    stored = client.list_objects_v2(Bucket=bucket.name)["Contents"][0]["Key"]
    answer = client.get_object(Bucket=bucket.name, Key=stored)
    assert (answer["Body"].read(), answer["Metadata"]) == (BODY, METADATA)
    assert reads.fetch(bucket.name, stored) == (BODY, METADATA)


def test_a_missing_object_is_told_by_boto3_by_its_name(bucket, client):
    with pytest.raises(client.exceptions.ClientError, match="NoSuchKey"):
        bucket.read("no such key")


def test_a_connection_that_was_closed_is_opened_anew(bucket, reads):
    bucket.put("a", b"1")
    assert reads.fetch(bucket.name, "a") == (b"1", {})
    reads.close()
    assert reads.fetch(bucket.name, "a") == (b"1", {})


def test_a_key_that_is_no_text_is_left_to_boto3(reads):
    assert reads.fetch("bucket", "\udcff") is None


def test_a_server_that_is_gone_is_left_to_boto3():
    assert ObjectReads("http://127.0.0.1:1", "a", "b").fetch("bucket", "key") is None
