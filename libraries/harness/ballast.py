"""Fills a server's data volume up from outside, and makes room on it again."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from harness.diary import Deed, Entry
from harness.readiness import REGION
from harness.servers import S3Server

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

# Ever smaller ones, until not even a small object fits. The first is a third of the volume, so that its deletion alone
# makes room: MinIO takes an object only where twice its size is free.
_SIZES = (1 << 22, 1 << 21, 1 << 20, 1 << 18, 1 << 16, 1 << 13)
_PROBE = 1 << 20
_MOST = 256
_LOOK_AGAIN = 0.05
_KNOWN_FULL_S = 1.5


class BallastError(AssertionError):
    """The volume did not get full, or did not get room again."""


class Ballast:
    """Objects of nobody's in a bucket of their own on a server with a data volume of a few MiB."""

    def __init__(self, server: S3Server) -> None:
        self._bucket = server.bucket()
        self._diary: list[Entry] = server.container.diary if server.container else []
        self._keys: list[str] = []
        self._client = boto3.client(
            "s3",
            endpoint_url=server.endpoint_url,
            aws_access_key_id=server.access_key,
            aws_secret_access_key=server.secret_key,
            region_name=REGION,
            config=Config(retries={"mode": "standard", "max_attempts": 1}, s3={"addressing_style": "path"}),
        )

    def fill(self) -> None:
        """Put objects until the server takes none of 8 KiB any more, and has had the time to see that it is full.

        Raises:
            BallastError: It takes everything.
        """
        for size in _SIZES:
            self._put_all(size)
        known = time.monotonic() + _KNOWN_FULL_S
        while time.monotonic() < known:
            self._put_all(_SIZES[-1])
            time.sleep(_LOOK_AGAIN)
        self._diary.append(Entry.now(Deed.SERVER_AWAY, "full"))

    def remove(self, within: timedelta) -> None:
        """Delete the objects, and wait until the server takes data again: it frees the space in its own time.

        MinIO looks at its volume once a second, and frees at once only what is deleted while it knows that it is full;
        what is deleted after that waits minutes in its trash. So the biggest goes first, and all go in one request.

        Raises:
            BallastError: It does not in time.
        """
        self._delete()
        _wait_until(lambda: self._put(_PROBE), within)
        self._diary.append(Entry.now(Deed.SERVER_BACK, "has room again"))
        self._delete()

    def _put_all(self, size: int) -> None:
        while self._put(size):
            if len(self._keys) > _MOST:
                raise BallastError(f"Expected the data volume to be full, seen it take {len(self._keys)} objects.")

    def _delete(self) -> None:
        for page in self._client.get_paginator("list_object_versions").paginate(Bucket=self._bucket):
            biggest_first = sorted(page.get("Versions", []), key=lambda version: -version["Size"])
            if biggest_first:
                versions: list[ObjectIdentifierTypeDef] = [
                    {"Key": each["Key"], "VersionId": each["VersionId"]} for each in biggest_first
                ]
                answer = self._client.delete_objects(Bucket=self._bucket, Delete={"Objects": versions, "Quiet": True})
                for refusal in answer.get("Errors", []):
                    raise BallastError(f"Expected {refusal['Key']} to be deleted, seen {refusal['Code']}.")
        self._keys.clear()

    def _put(self, size: int) -> bool:
        key = f"ballast-{len(self._keys):03}"
        try:
            self._client.put_object(Bucket=self._bucket, Key=key, Body=bytes(size))
        except ClientError:
            return False
        self._keys.append(key)
        return True


def _wait_until(holds: Callable[[], bool], within: timedelta) -> None:
    deadline = time.monotonic() + within.total_seconds()
    while not holds():
        if time.monotonic() > deadline:
            raise BallastError(f"Expected room on the data volume within {within.total_seconds():g} s, seen none.")
        time.sleep(_LOOK_AGAIN)
