"""How bodies go through the gate: streamed, invited, cut off, or answered in the server's place."""

from collections.abc import AsyncIterator
from contextlib import suppress
from http import HTTPStatus

import aiohttp
from aiohttp import web

from harness.gate_rules import Answer

HOP_BY_HOP = frozenset({"connection", "expect", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade"})
"""Headers that are between a client and its next server, and no further."""
_READ_SIZE = 1 << 16


async def answer_instead(request: web.BaseRequest, key: str, answer: Answer) -> web.Response:
    """Take the request's body, and answer in the server's place; the server never sees the request."""
    with suppress(ConnectionError):
        await invite_body(request)
        # Not `read`, which refuses what is over 1 MiB.
        async for _ in request.content.iter_chunked(_READ_SIZE):
            pass
    document = answer.body(key) if request.method != "HEAD" else b""
    return web.Response(status=answer.status, body=document, content_type="application/xml")


async def invite_body(request: web.BaseRequest) -> None:
    """Answer `Expect: 100-continue`, which a server without routes leaves to its handler."""
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        # aiohttp takes what was written for the begun answer otherwise.
        request.writer.output_size = 0


async def body(request: web.BaseRequest, limit: int | None) -> AsyncIterator[bytes]:
    """The request's body as it comes; after `limit` bytes the connection to the server breaks."""
    passed = 0
    async for chunk in request.content.iter_chunked(_READ_SIZE):
        if limit is not None and passed + len(chunk) > limit:
            yield chunk[: limit - passed]
            raise ConnectionResetError("the request is cut off by rule")
        passed += len(chunk)
        yield chunk


async def pass_back(request: web.BaseRequest, answer: aiohttp.ClientResponse) -> web.StreamResponse:
    """Send the server's answer on to the client."""
    response = web.StreamResponse(status=answer.status, reason=answer.reason)
    for name, value in answer.headers.items():
        if name.lower() not in HOP_BY_HOP:
            response.headers.add(name, value)
    await response.prepare(request)
    if request.method != "HEAD":
        async for chunk in answer.content.iter_chunked(_READ_SIZE):
            await response.write(chunk)
    await response.write_eof()
    return response


def cut(request: web.BaseRequest) -> web.Response:
    """End the client's connection; aiohttp drops the response that it needs to be given."""
    if request.transport:
        request.transport.abort()
    return web.Response(status=HTTPStatus.BAD_GATEWAY)
