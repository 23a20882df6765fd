"""A bucket as it is: all keys, versions, metadata and unfinished uploads, by boto3 and past every page."""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from harness.object_reads import ObjectReads
from harness.patience import patient

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# What one DeleteObjects request may hold.
_MOST_DELETED_AT_ONCE = 1000
_CLIENT = Config(
    # Made up anew for every request otherwise, at some cost.
    user_agent="s3-acceptance",
    connect_timeout=patient(20).total_seconds(),
    read_timeout=patient(60).total_seconds(),
    retries={"mode": "standard", "max_attempts": 3},
    # Some S3-compatible servers refuse the checksums that boto3 sends by itself.
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
    s3={"addressing_style": "path"},
)


@dataclass(frozen=True)
class Version:
    """One version of a key in a versioned bucket; a delete marker counts as one."""

    key: str
    version_id: str
    size: int
    etag: str
    last_modified: datetime
    delete_marker: bool


@functools.cache
def _client(endpoint_url: str, access_key: str, secret_key: str) -> "S3Client":
    """One client for all buckets of a server: it serves any number of threads, and takes long to make."""
    return boto3.client(
        "s3",
        endpoint_url=endpoint_url,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        region_name="us-east-1",
        config=_CLIENT,
    )


class Bucket:
    """One bucket of a server.

    Args:
        endpoint_url: The server, not the gate: what a test looks at must not stand in the gate's log.
        access_key: Access key id.
        secret_key: Secret access key.
        name: The bucket's name.
    """

    def __init__(self, endpoint_url: str, access_key: str, secret_key: str, name: str) -> None:
        self.name = name
        self.endpoint_url = endpoint_url
        self._client = _client(endpoint_url, access_key, secret_key)
        self._reads = ObjectReads(endpoint_url, access_key, secret_key)

    def keys(self, prefix: str = "") -> list[str]:
        """Every key below `prefix`, sorted."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix)
        return sorted(entry["Key"] for page in pages for entry in page.get("Contents", []))

    def versions(self) -> list[Version]:
        """Every version of every key and every delete marker; in an unversioned bucket one version a key."""
        return sorted(self._versions(), key=lambda version: (version.key, version.last_modified))

    def unfinished_uploads(self) -> list[str]:
        """The keys of multipart uploads that were begun and neither completed nor aborted."""
        # MinIO lists them for an empty prefix only.
        pages = self._client.get_paginator("list_multipart_uploads").paginate(Bucket=self.name)
        return sorted(entry["Key"] for page in pages for entry in page.get("Uploads", []))

    def read(self, key: str) -> bytes:
        """An object's bytes, whole."""
        return self.fetch(key)[0]

    def fetch(self, key: str) -> tuple[bytes, dict[str, str]]:
        """An object's bytes, whole, and its user metadata, in one request."""
        fetched = self._reads.fetch(self.name, key)
        if fetched is None:
            # boto3 knows every odd case, and tells errors by their names.
            answer = self._client.get_object(Bucket=self.name, Key=key)
            fetched = answer["Body"].read(), answer["Metadata"]
        return fetched

    def put(self, key: str, body: bytes) -> None:
        """Put an object as somebody else would."""
        self._client.put_object(Bucket=self.name, Key=key, Body=body)

    def delete(self, key: str) -> None:
        """Delete an object as somebody else would; where there are versions, a delete marker stands in its place."""
        self._client.delete_object(Bucket=self.name, Key=key)

    def remove(self) -> None:
        """Delete the bucket with all versions, markers and unfinished uploads; nothing happens where it is gone."""
        self._reads.close()
        try:
            for page in self._client.get_paginator("list_multipart_uploads").paginate(Bucket=self.name):
                for upload in page.get("Uploads", []):
                    self._client.abort_multipart_upload(
                        Bucket=self.name, Key=upload["Key"], UploadId=upload["UploadId"]
                    )
            versions = self._versions()
            while some := list(islice(versions, _MOST_DELETED_AT_ONCE)):
                self._delete(some)
            self._client.delete_bucket(Bucket=self.name)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "NoSuchBucket":
                raise

    def _delete(self, versions: list[Version]) -> None:
        # A list of keys travels as XML, which holds no control characters; an address does.
        plain = [version for version in versions if version.key.isprintable()]
        for version in versions:
            if not version.key.isprintable():
                self._client.delete_object(Bucket=self.name, Key=version.key, VersionId=version.version_id)
        if plain:
            self._client.delete_objects(
                Bucket=self.name,
                Delete={"Objects": [{"Key": v.key, "VersionId": v.version_id} for v in plain], "Quiet": True},
            )

    def _versions(self) -> Iterator[Version]:
        for page in self._client.get_paginator("list_object_versions").paginate(Bucket=self.name):
            for entry in page.get("Versions", []):
                yield Version(
                    key=entry["Key"],
                    version_id=entry["VersionId"],
                    size=entry["Size"],
                    etag=entry["ETag"].strip('"'),
                    last_modified=entry["LastModified"],
                    delete_marker=False,
                )
            for marker in page.get("DeleteMarkers", []):
                yield Version(marker["Key"], marker["VersionId"], 0, "", marker["LastModified"], delete_marker=True)
