"""What an S3 request does, read from its method, path and query (path-style addressing)."""

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qs, unquote


class Act(StrEnum):
    """What a request asks of the server, in the words of the S3 API."""

    PUT_OBJECT = "PutObject"
    CREATE_MULTIPART = "CreateMultipartUpload"
    UPLOAD_PART = "UploadPart"
    COMPLETE_MULTIPART = "CompleteMultipartUpload"
    ABORT_MULTIPART = "AbortMultipartUpload"
    GET_OBJECT = "GetObject"
    HEAD_OBJECT = "HeadObject"
    DELETE_OBJECT = "DeleteObject"
    DELETE_OBJECTS = "DeleteObjects"
    LIST = "List"
    OTHER = "Other"

    @property
    def brings_data(self) -> bool:
        """Whether such a request brings data to the server."""
        return self in WRITES


UPLOADS = frozenset({Act.PUT_OBJECT, Act.COMPLETE_MULTIPART})
"""The requests that make an object appear."""

WRITES = UPLOADS | {Act.CREATE_MULTIPART, Act.UPLOAD_PART}
"""The requests that bring data to the server."""

# Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-auth-using-authorization-header.html
_CREDENTIAL = re.compile(r"Credential=[^/,\s]+/\d+/(?P<region>[^/,\s]*)/s3/aws4_request")
_OBJECT_ACTS = {
    "PUT": Act.PUT_OBJECT,
    "GET": Act.GET_OBJECT,
    "HEAD": Act.HEAD_OBJECT,
    "DELETE": Act.DELETE_OBJECT,
}


@dataclass(frozen=True)
class S3Request:
    """One request's meaning.

    Attributes:
        act: What it asks for.
        bucket: The bucket's name; empty for a request to the server itself.
        key: The object's key, decoded; empty for a request to a bucket.
    """

    act: Act
    bucket: str
    key: str

    @classmethod
    def read(cls, method: str, target: str) -> "S3Request":
        """Read a request line's method and target ("/bucket/key?query", percent-encoded)."""
        path, _, query_text = target.partition("?")
        bucket, _, key = path.lstrip("/").partition("/")
        query = parse_qs(query_text, keep_blank_values=True)
        return cls(_act(method, bool(key), query), unquote(bucket), unquote(key, errors="surrogateescape"))


def signed_region(authorization: str) -> str:
    """The region of a signature of version 4 (`… Credential=KEY/DATE/REGION/s3/aws4_request, …`), or nothing."""
    found = _CREDENTIAL.search(authorization)
    return found["region"] if found else ""


def _act(method: str, has_key: bool, query: dict[str, list[str]]) -> Act:
    if not has_key:
        if method == "GET":
            return Act.LIST
        return Act.DELETE_OBJECTS if method == "POST" and "delete" in query else Act.OTHER
    if method == "POST":
        if "uploads" in query:
            return Act.CREATE_MULTIPART
        return Act.COMPLETE_MULTIPART if "uploadId" in query else Act.OTHER
    if "uploadId" in query:
        return {"PUT": Act.UPLOAD_PART, "DELETE": Act.ABORT_MULTIPART}.get(method, Act.OTHER)
    # A sub-resource (?acl, ?tagging) is no object; SDKs name their operation in x-id, a version in versionId.
    if query.keys() - {"x-id", "versionId", "partNumber", "response-content-type"}:
        return Act.OTHER
    return _OBJECT_ACTS.get(method, Act.OTHER)
