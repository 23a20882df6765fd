"""Objects read with one signed request each: the suite reads thousands, and boto3 takes ten times as long over each."""

from __future__ import annotations

import http.client
from contextlib import suppress
from urllib.parse import urlsplit

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.utils import percent_encode

from harness.patience import patient
from harness.readiness import REGION

_LIMIT = patient(60)
_OK = 200
_METADATA = "x-amz-meta-"
# What boto3 leaves as it is in a path.
_PLAIN = "/-._~"


class ObjectReads:
    """Reads over one connection that is kept open; not for several threads.

    Args:
        endpoint_url: The server.
        access_key: Access key id.
        secret_key: Secret access key.
    """

    def __init__(self, endpoint_url: str, access_key: str, secret_key: str) -> None:
        address = urlsplit(endpoint_url)
        self._endpoint_url = endpoint_url.rstrip("/")
        self._signer = S3SigV4Auth(Credentials(access_key, secret_key), "s3", REGION)
        encrypted = address.scheme == "https"
        connection = http.client.HTTPSConnection if encrypted else http.client.HTTPConnection
        self._connection = connection(address.hostname or "", address.port, timeout=_LIMIT.total_seconds())
        # Below a path the server's own name for the resource is not known here.
        self._can = not address.path.strip("/")

    def fetch(self, bucket: str, key: str) -> tuple[bytes, dict[str, str]] | None:
        """An object's bytes and user metadata; None where it was not to be had like this, for whatever reason."""
        if not self._can:
            return None
        try:
            return self._ask(f"/{bucket}/{percent_encode(key, safe=_PLAIN)}")
        except (OSError, http.client.HTTPException, UnicodeError):
            # The server may have closed the connection in the meantime, or the key is no text.
            self.close()
            return None

    def close(self) -> None:
        """Closes the connection; the next read opens another."""
        with suppress(OSError):
            self._connection.close()

    def _ask(self, path: str) -> tuple[bytes, dict[str, str]] | None:
        request = AWSRequest(method="GET", url=self._endpoint_url + path)
        self._signer.add_auth(request)
        self._connection.request("GET", path, headers=dict(request.headers.items()))
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != _OK:
            return None
        found = ((name.lower(), value) for name, value in answer.getheaders())
        return body, {name.removeprefix(_METADATA): value for name, value in found if name.startswith(_METADATA)}
