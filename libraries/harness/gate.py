"""An HTTP gate between the migrator and the S3 server: it passes everything through, keeps a log, and obeys rules.

It runs in a thread of its own on 127.0.0.1 and a port that the system chooses. Paths go on as raw bytes and the `Host`
header stays as the client sent it, so that signatures remain valid; bodies stream.
"""

import asyncio
import json
import threading
import time
from collections.abc import Coroutine, Iterable
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

import aiohttp
import yarl
from aiohttp import web

from harness import gate_bodies
from harness.diary import Deed, Entry, now
from harness.exchange import ON_ITS_WAY, PASSED, Exchange
from harness.gate_rules import Answer, CutRequest, Hold, LoseAnswer, Rule, Stage, told
from harness.patience import patient
from harness.s3_requests import UPLOADS, WRITES, S3Request, signed_region

_LOOP_LIMIT = patient(60)
# What is on its way when the gate closes has this long to end by itself; 0 would be taken for ever.
_CLOSING_SECONDS = 0.01
_LOOK_AGAIN = 0.005


class GateError(RuntimeError):
    """The gate could not start, or what a scenario waits for did not come in time."""


class Gate:
    """A gate in front of one S3 endpoint.

    Args:
        upstream: The server's endpoint, such as "http://127.0.0.1:49153".

    Attributes:
        diary: The first request that each rule met, and every outage with its end.
    """

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream.rstrip("/")
        self.endpoint_url = ""
        self.diary: list[Entry] = []
        self._exchanges: list[Exchange] = []
        self._uploads = 0
        self._rules: list[Rule] = []
        self._outage: Answer | None = None
        self._lifted: asyncio.Event | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="gate", daemon=True)
        self._session: aiohttp.ClientSession | None = None
        self._runner: web.ServerRunner | None = None

    def __enter__(self) -> Self:
        """Open the gate."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Close the gate."""
        self.close()

    def start(self) -> None:
        """Listen; `endpoint_url` is known afterwards."""
        self._thread.start()
        self._in_loop(self._open())

    def close(self) -> None:
        """Let go of everything that is held, end all connections and stop listening."""
        if not self._thread.is_alive():
            return
        self._in_loop(self._shut())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def exchanges(self) -> list[Exchange]:
        """The log of all requests so far, in the order of arrival."""
        return list(self._exchanges)

    def uploads(self) -> list[Exchange]:
        """The requests so far that make an object appear."""
        return [exchange for exchange in self.exchanges if exchange.act in UPLOADS]

    def writes(self) -> list[Exchange]:
        """The requests so far that bring data, parts of a multipart upload among them."""
        return [exchange for exchange in self.exchanges if exchange.act in WRITES]

    def obey(self, rule: Rule) -> Rule:
        """Apply `rule` from now on; the requests that came before do not count."""
        self._rules.append(rule)
        return rule

    def lift(self, rule: Rule) -> None:
        """End a rule; what it holds goes on."""
        self._note_letting_go([rule])
        rule.lifted = True
        self._in_loop(self._wake())

    def lift_holds(self) -> None:
        """Let go of all that is held, and hold nothing more; other rules and an outage stay."""
        self._note_letting_go(self._rules)
        for rule in self._rules:
            rule.lifted = rule.lifted or isinstance(rule.effect, Hold)
        self._in_loop(self._wake())

    def begin_outage(self, answer: Answer) -> None:
        """Answer every request so from now on, those too that were held and are let go of."""
        self.diary.append(Entry.now(Deed.SERVER_AWAY, told(answer)))
        self._outage = answer

    def lift_all(self) -> None:
        """End every rule and the outage."""
        if self._outage:
            self.diary.append(Entry.now(Deed.SERVER_BACK, "answers again"))
        self._note_letting_go(self._rules)
        self._outage = None
        for rule in self._rules:
            rule.lifted = True
        self._in_loop(self._wake())

    def wait_until_met(self, rule: Rule, within: timedelta) -> None:
        """Wait until a request meets `rule` (where answers are held: until the server has answered one).

        What came before it and is not held has its answer then: what happens next to the server does not befall it.

        Raises:
            GateError: None did in time; the message says what came instead.
        """
        if not rule.met.wait(within.total_seconds()):
            uploads = len(self.uploads())
            raise GateError(
                f"Expected in time a request that meets the rule {rule.describe()!r}, "
                f"seen {len(self._exchanges)} requests with {uploads} uploads at the gate {self.endpoint_url}."
            )
        self._wait_until_settled(self.exchanges)

    def save_log(self, path: Path) -> None:
        """Write the log as JSON lines, one exchange a line."""
        lines = (json.dumps(asdict(exchange)) for exchange in self.exchanges)
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    def _wait_until_settled(self, exchanges: Iterable[Exchange]) -> None:
        deadline = time.monotonic() + _LOOP_LIMIT.total_seconds()
        for exchange in exchanges:
            while exchange.fate == ON_ITS_WAY:
                if time.monotonic() > deadline:
                    raise GateError(
                        f"Expected an answer to request {exchange.number} ({exchange.act} {exchange.key!r}) in time, "
                        f"seen none of {self.upstream}."
                    )
                time.sleep(_LOOK_AGAIN)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _in_loop(self, coroutine: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(_LOOP_LIMIT.total_seconds())

    async def _open(self) -> None:
        self._lifted = asyncio.Event()
        self._session = aiohttp.ClientSession(
            auto_decompress=False,
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=None),
        )
        server = web.Server(self._handle, handler_cancellation=True)
        self._runner = web.ServerRunner(server, shutdown_timeout=_CLOSING_SECONDS)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.endpoint_url = f"http://{host}:{port}"

    async def _shut(self) -> None:
        for rule in self._rules:
            rule.lifted = True
        if self._session:
            await self._session.close()
        if self._runner:
            await self._runner.cleanup()

    def _note_letting_go(self, rules: Iterable[Rule]) -> None:
        if any(isinstance(rule.effect, Hold) and rule.met.is_set() and not rule.lifted for rule in rules):
            self.diary.append(Entry.now(Deed.FAULT, "held requests go on"))

    async def _wake(self) -> None:
        if self._lifted:
            self._lifted.set()
            self._lifted = asyncio.Event()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        meaning = S3Request.read(request.method, request.raw_path)
        if meaning.act in UPLOADS:
            self._uploads += 1
        exchange = Exchange(
            number=len(self._exchanges) + 1,
            time=now(),
            method=request.method,
            act=meaning.act,
            key=meaning.key,
            upload=self._uploads if meaning.act in UPLOADS else None,
            region=signed_region(request.headers.get("Authorization", "")),
        )
        self._exchanges.append(exchange)
        # A list first: each rule counts each request, also when an earlier one has met it.
        met = [rule for rule in self._rules if rule.meets(meaning)]
        rule = met[0] if met else None
        if rule and rule.seen == rule.first:
            self.diary.append(Entry(exchange.time, Deed.FAULT, f"{exchange.act}: {told(rule.effect)}"))
        try:
            return await self._carry_out(request, exchange, rule)
        except asyncio.CancelledError:
            exchange.fate += ", then the client hung up"
            exchange.hung_up = now()
            raise
        except (aiohttp.ClientError, ConnectionError) as error:
            exchange.broke(type(error).__name__)
            return gate_bodies.cut(request)

    async def _carry_out(self, request: web.BaseRequest, exchange: Exchange, rule: Rule | None) -> web.StreamResponse:
        effect = rule.effect if rule else None
        if rule and isinstance(effect, Hold) and effect.stage is Stage.REQUEST:
            await self._hold(exchange, rule, Stage.REQUEST)
        answer_instead = self._outage or effect
        if isinstance(answer_instead, Answer):
            response = await gate_bodies.answer_instead(request, exchange.key, answer_instead)
            exchange.answer("answered by the gate", answer_instead.status)
            return response
        limit = effect.after_bytes if isinstance(effect, CutRequest) else None
        if limit is not None:
            exchange.fate = f"cut off after {limit} bytes"
        await gate_bodies.invite_body(request)
        async with self._forward(request, limit) as answer:
            if rule and rule.holds_answers:
                rule.met.set()
                await self._hold(exchange, rule, Stage.ANSWER)
            if isinstance(effect, LoseAnswer):
                await answer.read()
                exchange.fate = f"answer {answer.status} lost"
                return gate_bodies.cut(request)
            exchange.answer(PASSED, answer.status)
            return await gate_bodies.pass_back(request, answer)

    async def _hold(self, exchange: Exchange, rule: Rule, stage: Stage) -> None:
        exchange.fate = f"held {stage}"
        while not rule.lifted and self._lifted:
            await self._lifted.wait()

    def _forward(self, request: web.BaseRequest, limit: int | None) -> Any:
        if self._session is None:
            raise GateError("the gate is not open")
        hop = gate_bodies.HOP_BY_HOP
        headers = [(name, value) for name, value in request.headers.items() if name.lower() not in hop]
        return self._session.request(
            request.method,
            yarl.URL(self.upstream + request.raw_path, encoded=True),
            headers=headers,
            data=gate_bodies.body(request, limit) if request.body_exists else None,
            allow_redirects=False,
            skip_auto_headers=("User-Agent", "Content-Type", "Accept", "Accept-Encoding"),
        )
