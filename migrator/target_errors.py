"""What an S3 server's answer means: an outage, a refusal of everybody, a refusal of one key, a key that is taken.

Both clients' errors end here, so that one table decides. Only the S3 error code, the HTTP status and the server's
one-line message are quoted, with secrets taken out; the client's own exception is never chained, because its text
holds whatever the server sent back.

Codes: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList
and MinIO's `cmd/api-errors.go`.
"""

import re
from dataclasses import dataclass
from html import unescape
from urllib.parse import quote

from migrator.errors import KeyRefused, KeyTaken, TargetRefused

TAKEN_CODES = frozenset({"PreconditionFailed"})
UNKNOWN_UPLOAD = "NoSuchUpload"

# Full, overloaded, or garbled on the way: worth another try whatever the status.
_OUTAGE_CODES = frozenset(
    {
        "BadDigest",
        "BandwidthLimitExceeded",
        "ConditionalRequestConflict",
        "ContentChecksumMismatch",
        "IncompleteBody",
        "InsufficientCapacity",
        "InternalError",
        "OperationAborted",
        "OperationTimedOut",
        "QuotaExceeded",
        "RequestLimitExceeded",
        "RequestTimeout",
        "ServerNotInitialized",
        "ServiceUnavailable",
        "SlowDown",
        "SlowDownRead",
        "SlowDownWrite",
        "StorageFull",
        "Throttling",
        "ThrottlingException",
        "TooManyRequests",
        "XAmzContentChecksumMismatch",
        "XAmzContentSHA256Mismatch",
        "XMinioAdminBucketQuotaExceeded",
        "XMinioServerNotInitialized",
        "XMinioStorageFull",
    }
)
# 499: a server that is shutting down takes itself for a client that hung up (MinIO's `ClientDisconnected`).
_OUTAGE_STATUSES = frozenset({408, 425, 429, 499})

_CREDENTIALS = "check the access key, the secret key and the session token"
_EVERYBODY_CODES = {
    "AccountProblem": "the account cannot be used",
    "AllAccessDisabled": "all access to the bucket is disabled",
    "AuthorizationHeaderMalformed": "check the region (AWS_REGION)",
    "AuthorizationQueryParametersError": "check the region (AWS_REGION)",
    "CredentialsNotSupported": _CREDENTIALS,
    "ExpiredToken": "get new credentials: the session has expired",
    "IllegalLocationConstraintException": "check the region (AWS_REGION)",
    "InvalidAccessKeyId": _CREDENTIALS,
    "InvalidBucketName": "check the bucket's name",
    "InvalidClientTokenId": _CREDENTIALS,
    "InvalidSecurity": _CREDENTIALS,
    "InvalidToken": _CREDENTIALS,
    "MissingSecurityHeader": _CREDENTIALS,
    "NoSuchBucket": "create the bucket, or check its name and the endpoint",
    "NotSignedUp": "the account cannot be used",
    "PermanentRedirect": "the bucket lives elsewhere: check the region (AWS_REGION) and the endpoint",
    "RequestTimeTooSkewed": "set this machine's clock",
    "SignatureDoesNotMatch": _CREDENTIALS,
    "TemporaryRedirect": "the bucket lives elsewhere: check the region (AWS_REGION) and the endpoint",
    "TokenRefreshRequired": "get new credentials: the session has expired",
    "UnrecognizedClientException": _CREDENTIALS,
    "XMinioInvalidIAMCredentials": _CREDENTIALS,
}
_REDIRECTED = "the bucket lives elsewhere: check the region (AWS_REGION) and the endpoint"
_MAX_QUOTED = 300

_SECRET_PATTERNS = (
    (re.compile(r"(?i)(\bauthorization[\"']?\s*[:=])[^\r\n<]+"), r"\1***"),
    (re.compile(r"(?i)(\b(?:signature|security-token|credential)[\"']?\s*[:=]\s*)[^\s&,;<]+"), r"\1***"),
    (re.compile(r"(?i)\bAWS4-HMAC-SHA256\b[^\r\n<]*"), "***"),
    (re.compile(r"(//)[^/\s@]+@"), r"\1***@"),
)


class Outage(Exception):
    """The target did not take the request this time; the same request is worth another try."""


class Missing(Exception):
    """The key holds no object."""


class NoRange(Exception):
    """The object has no bytes to read a range of."""


class NotSupported(Exception):
    """The server cannot do what another server could (501): a conditional put, a list of uploads."""


class NoSuchUpload(Exception):
    """The multipart upload is not there any more: it was completed or aborted."""


@dataclass(frozen=True)
class Answer:
    """A server's refusal: HTTP status, S3 error code (empty where the body names none), and its message."""

    status: int
    code: str
    message: str

    @classmethod
    def of_body(cls, status: int, body: str) -> "Answer":
        """The refusal that an XML error document speaks of; a body of another kind has no code."""
        return cls(status, _element(body, "Code"), _element(body, "Message"))

    def __str__(self) -> str:
        named = f"{self.code} ({self.status})" if self.code else f"HTTP status {self.status}"
        return f"{named}: {self.message[:_MAX_QUOTED]}" if self.message else named


class Scrubber:
    """Takes secrets out of a text before anybody sees it.

    Args:
        secrets: Literal texts that may never be shown (secret key, session token).
    """

    def __init__(self, *secrets: str | None) -> None:
        plain = {secret for secret in secrets if secret}
        self._secrets = sorted(plain | {quote(secret, safe="") for secret in plain}, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """`text` in one line, without secrets, signatures and authorization headers."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        for pattern, shown in _SECRET_PATTERNS:
            text = pattern.sub(shown, text)
        return " ".join(text.split())


def judge(
    answer: Answer, what: str, scrub: Scrubber, *, of_key: bool = True, reads: bool = False, optional: bool = False
) -> Exception:
    """The exception that an answer means.

    Args:
        answer: What the server said.
        what: What was asked, as the message's beginning: "put lake/a.csv.parquet".
        scrub: Takes the secrets out.
        of_key: Whether the request was about one object; a refusal of the bucket's listing is everybody's.
        reads: Whether an object was asked for, so that 404 says that there is none.
        optional: Whether there is another way where the server cannot do this.
    """
    said = scrub(f"{what}: {answer}")
    if answer.code in TAKEN_CODES or answer.status in {304, 412}:
        # A read names the ETag that it goes on with, and is to begin anew where another object is there now.
        return Outage(said) if reads else KeyTaken(said)
    if answer.code in _OUTAGE_CODES or answer.status in _OUTAGE_STATUSES:
        return Outage(said)
    if answer.code in _EVERYBODY_CODES:
        return TargetRefused(f"{said}; {_EVERYBODY_CODES[answer.code]}")
    if answer.code == UNKNOWN_UPLOAD:
        return NoSuchUpload(said)
    if reads and answer.status == 404:
        return Missing(said)
    if reads and answer.status == 416:
        return NoRange(said)
    if answer.status == 501 and optional:
        return NotSupported(said)
    if answer.status >= 500:
        return Outage(said)
    if 300 <= answer.status < 400:
        return TargetRefused(f"{said}; {_REDIRECTED}")
    if answer.status == 401:
        return TargetRefused(f"{said}; {_CREDENTIALS}")
    if not of_key:
        return TargetRefused(f"{said}; check the endpoint and what the credentials are allowed to do")
    return KeyRefused(said)


def not_s3(what: str) -> TargetRefused:
    """The refusal to go on with an endpoint whose answer no S3 server gives."""
    return TargetRefused(f"{what}: the endpoint does not answer as an S3 server does; check the endpoint's URL")


def untrusted(what: str) -> TargetRefused:
    """The refusal to go on with an endpoint whose certificate cannot be verified."""
    return TargetRefused(
        f"{what}: the endpoint's certificate cannot be verified; name its authority's file in AWS_CA_BUNDLE"
    )


def _element(body: str, name: str) -> str:
    # A pattern instead of an XML parser: the text may be cut, or no XML at all.
    found = re.search(rf"<{name}>([^<]*)</{name}>", body)
    return unescape(found[1]).strip() if found else ""
