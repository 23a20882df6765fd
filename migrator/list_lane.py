"""Listings without a client library.

A run asks for one before its first file, and boto3 takes longer to import than a small run takes in all. This lane
serves where an endpoint is named and reached directly; AWS's own endpoints and proxies are the plain lane's.
"""

import os
from collections.abc import Callable, Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TypeVar
from urllib.parse import SplitResult, quote, urlsplit

from migrator.access import Access
from migrator.errors import TargetRefused
from migrator.lanes import ANSWER_SECONDS, CONNECT_SECONDS
from migrator.listing import Marker, Objects, Uploads, parse_objects, parse_uploads
from migrator.signature import query_text, signed
from migrator.target_errors import Answer, Outage, Scrubber, judge, not_s3, untrusted

_DEFAULT_PORTS = {"http": 80, "https": 443}
_OK = 200

T = TypeVar("T")


def serves(access: Access, environ: Mapping[str, str] | None = None) -> bool:
    """Whether this lane reaches the endpoint."""
    env = os.environ if environ is None else environ
    if access.endpoint is None:
        return False
    scheme = urlsplit(access.endpoint).scheme
    names = (f"{scheme}_proxy", "all_proxy")
    return not any(env.get(name) or env.get(name.upper()) for name in names)


class ListLane:
    """Lists objects and multipart uploads of a bucket; may be used by many threads at once.

    Args:
        bucket: The bucket's name.
        access: Endpoint, region, credentials; `serves` it.
    """

    def __init__(self, bucket: str, access: Access) -> None:
        self._bucket = bucket
        self._access = access
        self._scrub: Scrubber = access.scrubber()
        self._endpoint: SplitResult = urlsplit(access.endpoint or "")

    def page(self, under: str, after: str | None) -> Objects:
        """A page of the bucket's listing, and the token of the next one."""
        what = f"list {self._bucket}"
        query = {"list-type": "2", "encoding-type": "url", "prefix": under}
        if after is not None:
            query["continuation-token"] = after
        return self._listed(what, query, parse_objects, of_key=False)

    def uploads(self, after: Marker | None) -> Uploads:
        """A page of (key, upload id) of the multipart uploads that are not completed, and where the next one begins."""
        what = f"list uploads of {self._bucket}"
        # Without a prefix, because MinIO lists only so.
        query = {"uploads": "", "encoding-type": "url"}
        if after is not None:
            query["key-marker"], query["upload-id-marker"] = after
        return self._listed(what, query, parse_uploads, optional=True)

    def _listed(self, what: str, query: Mapping[str, str], parse: Callable[[bytes], T | None], **judged: bool) -> T:
        status, body = self._asked(what, query)
        if status != _OK:
            raise judge(Answer.of_body(status, _text(body)), what, self._scrub, **judged)
        found = parse(body)
        if found is None:
            raise not_s3(what)
        return found

    def _asked(self, what: str, query: Mapping[str, str]) -> tuple[int, bytes]:
        text = query_text(query)
        path = f"{self._endpoint.path.rstrip('/')}/{quote(self._bucket, safe='')}"
        connection = self._connection()
        try:
            headers = signed("GET", self._host(), path, text, self._access.keys(), self._access.region)
            connection.connect()
            if connection.sock is not None:
                connection.sock.settimeout(ANSWER_SECONDS)
            connection.request("GET", f"{path}?{text}", headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (HTTPException, OSError) as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise untrusted(what) from None
            said = f"no answer within {ANSWER_SECONDS} s" if isinstance(error, TimeoutError) else repr(error)
            raise Outage(self._scrub(f"{what}: {said}")) from None
        finally:
            connection.close()

    def _host(self) -> str:
        """The server's name, with its port where it is not the scheme's own."""
        name, port = self._endpoint.hostname or "", self._endpoint.port
        name = f"[{name}]" if ":" in name else name
        return name if port in {None, _DEFAULT_PORTS[self._endpoint.scheme]} else f"{name}:{port}"

    def _connection(self) -> HTTPConnection:
        name, port = self._endpoint.hostname or "", self._endpoint.port
        if self._endpoint.scheme == "http":
            return HTTPConnection(name, port, timeout=CONNECT_SECONDS)
        import ssl

        trusted = ssl.create_default_context()
        if self._access.ca_bundle:
            try:
                trusted.load_verify_locations(self._access.ca_bundle)
            except OSError as error:
                raise TargetRefused(f"AWS_CA_BUNDLE cannot be read: {error}") from None
        return HTTPSConnection(name, port, timeout=CONNECT_SECONDS, context=trusted)


def _text(body: bytes) -> str:
    return body.decode(errors="replace")
