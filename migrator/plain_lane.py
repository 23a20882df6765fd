"""Everything by botocore that obstore cannot do: odd keys, bigger objects, multipart uploads, versions, exact listings.

botocore's own retries are off: `Patience` is the one place that tries again. Its own checksums are off too, because
not every server takes them; each request carries one that is told outright.
"""

import base64
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import unquote_plus

from botocore import exceptions
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from botocore.session import Session
from urllib3.exceptions import HTTPError

from migrator.access import Access
from migrator.errors import TargetRefused
from migrator.lanes import ANSWER_SECONDS, CONNECT_SECONDS, CONTENT_TYPE, Stored, Tail, bare
from migrator.listing import LISTED, Marker, Objects, Uploads, take_objects
from migrator.target_errors import Answer, NoRange, Outage, Scrubber, judge, not_s3, untrusted

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

T = TypeVar("T")

_MAX_CONNECTIONS = 64
_READ_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Part:
    """A stored part of a multipart upload; `checksum` is the CRC-32 where the server gave it back."""

    number: int
    etag: str
    checksum: str | None


class PlainLane:
    """One client of botocore; may be used by many threads at once.

    Args:
        bucket: The bucket's name.
        access: Endpoint, region, credentials.
    """

    def __init__(self, bucket: str, access: Access) -> None:
        self._bucket = bucket
        self._access = access
        self._scrub: Scrubber = access.scrubber()
        self._client = self._new_client(access)

    def put(self, key: str, body: bytes | bytearray, metadata: Mapping[str, str], *, conditional: bool) -> Stored:
        """Store an object in one request, with a Content-MD5 that the server verifies."""
        md5 = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
        condition: Any = {"IfNoneMatch": "*"} if conditional else {}
        what = f"put {key}"
        answer = self._call(
            what,
            lambda: self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=cast("bytes", body),
                ContentMD5=md5,
                ContentType=CONTENT_TYPE,
                Metadata=dict(metadata),
                **condition,
            ),
            optional=conditional,
        )
        return _stored(answer, what)

    def tail(self, key: str, length: int) -> Tail:
        """The last `length` bytes of an object (at most), and what it is.

        Raises:
            Missing: There is no such object.
        """
        what = f"read {key}"

        def read() -> Tail:
            answer = self._client.get_object(Bucket=self._bucket, Key=key, Range=f"bytes=-{length}")
            data = answer["Body"].read()
            # A server that ignores the range sends everything, without this header.
            size = int(answer.get("ContentRange", f"/{len(data)}").rpartition("/")[2])
            return Tail(data[-length:], size, _stored(answer, what))

        try:
            return self._call(what, read, reads=True)
        except NoRange:
            size, stored = self.head(key, None)
            return Tail(b"", size, stored)

    def content(self, key: str, version: str | None) -> Iterator[bytes]:
        """An object's bytes, in blocks."""
        what = f"read {key}"
        body = self._call(
            what, lambda: self._client.get_object(Bucket=self._bucket, Key=key, **_version(version))["Body"], reads=True
        )
        while block := self._call(what, lambda: body.read(_READ_BYTES)):
            yield block

    def head(self, key: str, version: str | None) -> tuple[int, Stored]:
        """An object's size in bytes, and its ETag and version."""
        what = f"read {key}"
        answer = self._call(
            what,
            lambda: self._client.head_object(Bucket=self._bucket, Key=key, **_version(version)),
            reads=True,
        )
        return answer["ContentLength"], _stored(answer, what)

    def delete(self, key: str, version: str | None) -> None:
        """Delete one version, or the object of a bucket without versions."""
        self._call(
            f"delete {key}",
            lambda: self._client.delete_object(Bucket=self._bucket, Key=key, **_version(version)),
            reads=True,
        )

    def page(self, under: str, after: str | None) -> Objects:
        """A page of the bucket's listing, and the token of the next one."""
        token: Any = {"ContinuationToken": after} if after else {}
        what = f"list {self._bucket}"
        answer: Any = self._call(
            what,
            lambda: self._client.list_objects_v2(Bucket=self._bucket, Prefix=under, **token),
            of_key=False,
        )
        if LISTED not in answer:
            raise not_s3(what)
        more = answer.get("NextContinuationToken") if answer.get("IsTruncated") else None
        return answer[LISTED], more

    def begin(self, key: str, metadata: Mapping[str, str]) -> str:
        """Begin a multipart upload; its id."""
        answer = self._call(
            f"begin {key}",
            lambda: self._client.create_multipart_upload(
                Bucket=self._bucket,
                Key=key,
                ContentType=CONTENT_TYPE,
                Metadata=dict(metadata),
                ChecksumAlgorithm="CRC32",
            ),
        )
        return answer["UploadId"]

    def part(self, key: str, upload: str, number: int, body: bytearray | IO[bytes], checksum: str) -> Part:
        """Store a part; the server verifies its CRC-32 (base64, big-endian)."""
        what = f"put part {number} of {key}"
        answer = self._call(
            what,
            lambda: self._client.upload_part(
                Bucket=self._bucket,
                Key=key,
                UploadId=upload,
                PartNumber=number,
                Body=cast("bytes", body),
                ChecksumCRC32=checksum,
            ),
        )
        return Part(number, _stored(answer, what).etag, answer.get("ChecksumCRC32"))

    def complete(self, key: str, upload: str, parts: Sequence[Part], *, conditional: bool) -> Stored:
        """Make an object of the parts, unless the key holds one."""
        listed: list[CompletedPartTypeDef] = []
        for part in parts:
            entry: CompletedPartTypeDef = {"PartNumber": part.number, "ETag": f'"{part.etag}"'}
            if part.checksum:
                entry["ChecksumCRC32"] = part.checksum
            listed.append(entry)
        condition: Any = {"IfNoneMatch": "*"} if conditional else {}
        what = f"complete {key}"
        answer = self._call(
            what,
            lambda: self._client.complete_multipart_upload(
                Bucket=self._bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": listed}, **condition
            ),
            optional=conditional,
        )
        return _stored(answer, what)

    def abort(self, key: str, upload: str) -> None:
        """Forget a multipart upload and its parts."""
        self._call(
            f"abort {key}",
            lambda: self._client.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=upload),
        )

    def uploads(self, after: Marker | None) -> Uploads:
        """A page of (key, upload id) of the multipart uploads that are not completed, and where the next one begins."""
        # Without a prefix, because MinIO lists only so.
        marker: Any = {"KeyMarker": after[0], "UploadIdMarker": after[1]} if after else {}
        answer = self._call(
            f"list uploads of {self._bucket}",
            lambda: self._client.list_multipart_uploads(Bucket=self._bucket, EncodingType="url", **marker),
            optional=True,
        )
        decoded = unquote_plus if answer.get("EncodingType") == "url" else str
        found = [(decoded(entry["Key"]), entry["UploadId"]) for entry in answer.get("Uploads", [])]
        following = decoded(answer.get("NextKeyMarker", "")), answer.get("NextUploadIdMarker", "")
        return found, following if answer.get("IsTruncated") else None

    def _call(
        self, what: str, request: Callable[[], T], *, of_key: bool = True, reads: bool = False, optional: bool = False
    ) -> T:
        try:
            return request()
        except ClientError as error:
            status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
            said = error.response.get("Error", {})
            code = str(said.get("Code", ""))
            answer = Answer(status, "" if code.isdigit() else code, str(said.get("Message", "")))
            raise judge(answer, what, self._scrub, of_key=of_key, reads=reads, optional=optional) from None
        except ResponseParserError:
            raise not_s3(what) from None
        except (exceptions.NoCredentialsError, exceptions.CredentialRetrievalError) as error:
            raise TargetRefused(self._scrub(f"{what}: no credentials: {error}")) from None
        except exceptions.SSLError as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise untrusted(what) from None
            raise Outage(self._scrub(f"{what}: {error}")) from None
        except (BotoCoreError, HTTPError, OSError) as error:
            raise Outage(self._scrub(f"{what}: {error}")) from None

    @staticmethod
    def _new_client(access: Access) -> "S3Client":
        # Access has resolved keys, region and endpoint; roles are renewed by the default chain that found them.
        keys = access.keys()
        fixed: Any = (
            {
                "aws_access_key_id": keys.access_key,
                "aws_secret_access_key": keys.secret_key,
                "aws_session_token": keys.token,
            }
            if access.lasting
            else {}
        )
        settings: dict[str, Any] = {
            "s3": {"addressing_style": "path" if access.endpoint else "auto"},
            "signature_version": "s3v4",
            "connect_timeout": CONNECT_SECONDS,
            "read_timeout": ANSWER_SECONDS,
            "retries": {"total_max_attempts": 1, "mode": "standard"},
            "request_checksum_calculation": "when_required",
            "response_checksum_validation": "when_required",
            "max_pool_connections": _MAX_CONNECTIONS,
            "ignore_configured_endpoint_urls": access.endpoint is None,
        }
        # boto3, which is the same client with more to it, takes twice as long to import and set up.
        made = Session().create_client(
            "s3",
            region_name=access.region,
            endpoint_url=access.endpoint,
            verify=access.ca_bundle,
            config=Config(**settings),
            **fixed,
        )
        client = cast("S3Client", made)
        client.meta.events.register("before-call.s3", _no_expect)
        client.meta.events.register_first("before-parse.s3.ListObjectsV2", take_objects)
        return client


def _version(version: str | None) -> Any:
    return {"VersionId": version} if version else {}


def _stored(answer: Mapping[str, Any], what: str) -> Stored:
    if not answer.get("ETag"):
        raise not_s3(what)
    return Stored(bare(answer["ETag"]), answer.get("VersionId"))


def _no_expect(params: dict[str, Any], **_: Any) -> None:
    # Whatever stands between may never answer `100 Continue`, and botocore waits a second for it each time.
    params["headers"].pop("Expect", None)
