"""A bucket that holds nothing, and answers as if it held so many files' objects: `python -m bench.paper_bucket N`.

For `verify` and `recover` beside more files than can be uploaded first. It prints its port. It knows what these two
ask: a listing, and the end of an object.
"""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

from bench import paper

_PAGE = 1000
_FOUND, _PART, _MISSING = 200, 206, 404


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # An answer is sent in one piece.
    wbufsize = 1 << 16
    count = 0

    def do_GET(self) -> None:
        """Answer a listing, or the end of an object."""
        url = urlsplit(self.path)
        query = parse_qs(url.query, keep_blank_values=True)
        name = unquote(url.path).lstrip("/").partition("/")[2]
        if "list-type" in query:
            self._answer(_FOUND, _listing(int(query.get("continuation-token", ["0"])[0]), self.count))
        elif name:
            number = int(name.rpartition("/")[2].partition(".")[0])
            if name == paper.key(number) and number < self.count:
                body = paper.body(number)
                whole = f"bytes 0-{len(body) - 1}/{len(body)}"
                self._answer(_PART, body, {"Content-Range": whole, "ETag": f'"{paper.ETAG}"'})
            else:
                self._answer(_MISSING, b"<Error><Code>NoSuchKey</Code></Error>")
        else:
            self._answer(_FOUND, b"<ListMultipartUploadsResult></ListMultipartUploadsResult>")

    def _answer(self, status: int, body: bytes, more: dict[str, str] | None = None) -> None:
        self.send_response(status)
        headers = {"Content-Length": str(len(body)), "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT"} | (more or {})
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """A million lines are of no use."""


def _listing(start: int, count: int) -> bytes:
    size = len(paper.body(0))
    end = min(start + _PAGE, count)
    entry = "<Contents><Key>{}</Key><Size>{}</Size><ETag>&quot;{}&quot;</ETag></Contents>"
    entries = "".join(entry.format(paper.key(number), size, paper.ETAG) for number in range(start, end))
    more = f"<IsTruncated>true</IsTruncated><NextContinuationToken>{end}</NextContinuationToken>"
    return f"<ListBucketResult>{entries}{more if end < count else ''}</ListBucketResult>".encode()


if __name__ == "__main__":
    _Handler.count = int(sys.argv[1])
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()
