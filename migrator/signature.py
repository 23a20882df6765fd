"""AWS Signature Version 4 of requests without a body.

Format: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote

from migrator.access import Keys

_ALGORITHM = "AWS4-HMAC-SHA256"
_NO_BODY = hashlib.sha256(b"").hexdigest()


def query_text(query: Mapping[str, str]) -> str:
    """A query as it is both sent and signed: sorted, all but RFC 3986's unreserved characters percent-encoded."""
    pairs = sorted((quote(name, safe=""), quote(value, safe="")) for name, value in query.items())
    return "&".join(f"{name}={value}" for name, value in pairs)


def signed(
    method: str, host: str, path: str, query: str, keys: Keys, region: str, at: datetime | None = None
) -> dict[str, str]:
    """The headers of a signed request.

    Args:
        method: `GET`, for example.
        host: As it is sent: the name, with the port where it is not the scheme's own.
        path: As it is sent, percent-encoded.
        query: What `query_text` gives.
        keys: The credentials.
        region: Where the request is signed for.
        at: The time, in UTC; now, where it is None.
    """
    moment = (at or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
    headers = {"Host": host, "X-Amz-Content-Sha256": _NO_BODY, "X-Amz-Date": moment}
    if keys.token:
        headers["X-Amz-Security-Token"] = keys.token
    names = ";".join(name.lower() for name in headers)
    lines = "".join(f"{name.lower()}:{value.strip()}\n" for name, value in headers.items())
    request = f"{method}\n{path}\n{query}\n{lines}\n{names}\n{_NO_BODY}"
    scope = f"{moment[:8]}/{region}/s3/aws4_request"
    told = f"{_ALGORITHM}\n{moment}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = f"AWS4{keys.secret_key}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, told.encode(), "sha256").hex()
    headers["Authorization"] = (
        f"{_ALGORITHM} Credential={keys.access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return headers
