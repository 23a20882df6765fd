"""A small S3 server in memory that can be told to fail: one rule for each request to come."""

import contextlib
import hashlib
import re
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, unquote
from xml.sax.saxutils import escape

BUCKET = "bucket"


@dataclass
class Fault:
    """What becomes of a request.

    Args:
        status: Answered instead of the real answer; 0 for none.
        code: The S3 error code in the body; empty for a body that is no XML.
        lost: Whether the request is carried out and its answer never sent.
        cut: Whether the connection is closed in the middle of the body.
        hang: Waits for this, then closes the connection; the request is never carried out.
        headers: Sent along with the status.
        change: Applied to the stored bytes, as a server would that stores something else.
        message: The error's message.
    """

    status: int = 0
    code: str = ""
    lost: bool = False
    cut: bool = False
    hang: threading.Event | None = None
    headers: dict[str, str] = field(default_factory=dict)
    change: Callable[[bytes], bytes] | None = None
    message: str = "told to"


@dataclass
class Request:
    """One request as it arrived; the key is decoded once."""

    method: str
    key: str
    query: dict[str, str]
    headers: dict[str, str]


class FakeS3:
    """Objects by key, uploads by id, all requests in order, and the rules that turn some of them into faults."""

    def __init__(self) -> None:
        self.reset()
        self._lock = threading.RLock()
        fake = self

        class Handler(_Handler):
            s3 = fake

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.endpoint_url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def reset(self) -> None:
        """Empty, and without faults."""
        self.objects: dict[str, bytes] = {}
        self.metadata: dict[str, dict[str, str]] = {}
        self.uploads: dict[str, dict[int, bytes]] = {}
        self.upload_keys: dict[str, str] = {}
        self.requests: list[Request] = []
        self._begun: dict[str, dict[str, str]] = {}
        self.rules: list[tuple[Callable[[Request], bool], Fault]] = []
        self.conditional = True
        self.odd_etags = False
        self.page_size = 1000

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def fail(self, fault: Fault, *, times: int = 1, method: str = "PUT", having: str | None = None) -> None:
        """Fail the next requests of this method (and, if given, with this query parameter)."""
        self.rules.extend([(lambda r: r.method == method and (having is None or having in r.query), fault)] * times)

    def etag(self, data: bytes) -> str:
        return ("odd-" if self.odd_etags else "") + _md5(data).hexdigest()

    def fault_of(self, request: Request) -> Fault | None:
        with self._lock:
            self.requests.append(request)
            for number, (matches, fault) in enumerate(self.rules):
                if matches(request):
                    del self.rules[number]
                    return fault
        return None

    def answer(
        self, request: Request, body: bytes, change: Callable[[bytes], bytes] | None
    ) -> tuple[int, dict[str, str], bytes]:
        with self._lock:
            handler = getattr(self, f"_{request.method.lower()}")
            answer: tuple[int, dict[str, str], bytes] = handler(request, change(body) if change else body)
            return answer

    def _put(self, request: Request, body: bytes) -> tuple[int, dict[str, str], bytes]:
        if "partNumber" in request.query:
            if request.query["uploadId"] not in self.uploads:
                return error(404, "NoSuchUpload")
            self.uploads[request.query["uploadId"]][int(request.query["partNumber"])] = body
            return 200, {"ETag": f'"{self.etag(body)}"'}, b""
        return self._store(request, body, f'"{self.etag(body)}"')

    def _store(self, request: Request, body: bytes, etag: str) -> tuple[int, dict[str, str], bytes]:
        if "if-none-match" in request.headers:
            if not self.conditional:
                return error(501, "NotImplemented")
            if request.key in self.objects:
                return error(412, "PreconditionFailed")
        self.objects[request.key] = body
        self.metadata[request.key] = self._begun.pop(request.query.get("uploadId", ""), _metadata(request))
        return 200, {"ETag": etag}, b""

    def _post(self, request: Request, body: bytes) -> tuple[int, dict[str, str], bytes]:
        if "uploads" in request.query:
            upload = f"upload-{len(self.requests)}"
            self.uploads[upload], self.upload_keys[upload] = {}, request.key
            self._begun[upload] = _metadata(request)
            return 200, {}, f"<Result><UploadId>{upload}</UploadId></Result>".encode()
        upload = request.query["uploadId"]
        if upload not in self.uploads:
            return error(404, "NoSuchUpload")
        parts = [self.uploads[upload][int(n)] for n in re.findall(rb"<PartNumber>(\d+)<", body)]
        raw = b"".join(_md5(part).digest() for part in parts)
        etag = f"{self.etag(raw)}-{len(parts)}"
        status, headers, answer = self._store(request, b"".join(parts), f'"{etag}"')
        if status == 200:
            del self.uploads[upload]
            answer = f'<Result><Key>{escape(request.key)}</Key><ETag>"{etag}"</ETag></Result>'.encode()
        return status, headers, answer

    def _get(self, request: Request, body: bytes) -> tuple[int, dict[str, str], bytes]:
        if not request.key:
            return self._list_uploads() if "uploads" in request.query else self._list(request)
        if request.key not in self.objects:
            return error(404, "NoSuchKey")
        data = self.objects[request.key]
        headers = {"ETag": f'"{self.etag(data)}"', "Last-Modified": "Mon, 23 Nov 2026 18:00:00 GMT"}
        asked = re.fullmatch(r"bytes=-(\d+)", request.headers.get("range", ""))
        if asked and not data:
            return error(416, "InvalidRange")
        if asked:
            part = data[-int(asked[1]) :]
            headers["Content-Range"] = f"bytes {len(data) - len(part)}-{len(data) - 1}/{len(data)}"
            return 206, headers, part
        return 200, headers, data

    _head = _get

    def _list(self, request: Request) -> tuple[int, dict[str, str], bytes]:
        after = unquote(request.query.get("continuation-token", ""))
        keys = sorted(k for k in self.objects if k.startswith(request.query.get("prefix", "")) and k > after)
        page, rest = keys[: self.page_size], keys[self.page_size :]
        contents = "".join(
            f"<Contents><Key>{quote(k)}</Key><Size>{len(self.objects[k])}</Size>"
            f"<ETag>&quot;{self.etag(self.objects[k])}&quot;</ETag></Contents>"
            for k in page
        )
        token = quote(page[-1]) if rest else ""
        more = f"<IsTruncated>true</IsTruncated><NextContinuationToken>{token}</NextContinuationToken>"
        text = f"<ListBucketResult><EncodingType>url</EncodingType>{more if rest else ''}{contents}</ListBucketResult>"
        return 200, {}, text.encode()

    def _list_uploads(self) -> tuple[int, dict[str, str], bytes]:
        entries = "".join(
            f"<Upload><Key>{quote(self.upload_keys[u])}</Key><UploadId>{u}</UploadId></Upload>" for u in self.uploads
        )
        name = "ListMultipartUploadsResult"
        return 200, {}, f"<{name}><EncodingType>url</EncodingType>{entries}</{name}>".encode()

    def _delete(self, request: Request, body: bytes) -> tuple[int, dict[str, str], bytes]:
        if "uploadId" in request.query:
            gone = self.uploads.pop(request.query["uploadId"], None) is None
            return error(404, "NoSuchUpload") if gone else (204, {}, b"")
        self.objects.pop(request.key, None)
        return 204, {}, b""


def error(status: int, code: str, message: str = "told to") -> tuple[int, dict[str, str], bytes]:
    body = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>" if code else "<html>no</html>"
    return status, {}, body.encode()


def _metadata(request: Request) -> dict[str, str]:
    return {name[11:]: value for name, value in request.headers.items() if name.startswith("x-amz-meta-")}


def _md5(data: bytes) -> "hashlib._Hash":
    return hashlib.md5(data, usedforsecurity=False)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    s3: FakeS3

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
        pass

    def _serve(self) -> None:
        path, _, query = self.path.partition("?")
        found = {k: v[0] for k, v in parse_qs(query, keep_blank_values=True).items()}
        key = unquote(path).removeprefix(f"/{BUCKET}").removeprefix("/")
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, key, found, headers)
        fault = self.s3.fault_of(request)
        length = int(headers.get("content-length", 0))
        if fault and fault.cut:
            self.rfile.read(length // 2)
            self._hang_up()
            return
        body = self.rfile.read(length)
        if fault and fault.hang:
            fault.hang.wait()
            # Not carried out after all: the test that waited for it may be over by now.
            self._hang_up()
            return
        if fault and fault.status:
            status, answer_headers, answer = error(fault.status, fault.code, fault.message)
            answer_headers |= fault.headers
        else:
            status, answer_headers, answer = self.s3.answer(request, body, fault.change if fault else None)
        if fault and fault.lost:
            self._hang_up()
            return
        self.send_response(status)
        for name, value in answer_headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)

    def _hang_up(self) -> None:
        self.close_connection = True
        # The client may have gone first.
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _serve  # noqa: N815 (names that the base class calls)
