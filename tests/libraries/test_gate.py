"""The gate passes everything through untouched, counts uploads, and does to the n-th what a rule says."""

import http.client
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from harness import gate_bodies
from harness.gate import Gate, GateError
from harness.gate_rules import Answer, CutRequest, Hold, LoseAnswer, Rule, Stage
from harness.s3_requests import Act, S3Request

SOON = timedelta(seconds=60)


class Upstream(BaseHTTPRequestHandler):
    """A server that remembers what reached it."""

    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.path, self.headers["Host"], body))
        self.send_response(200)
        self.send_header("ETag", '"abc"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@pytest.fixture
def upstream():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    server.seen = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def gate(upstream):
    with Gate(f"http://127.0.0.1:{upstream.server_port}") as gate:
        yield gate


def put(gate: Gate, path: str, body: bytes = b"body", headers: dict[str, str] | None = None) -> int:
    connection = http.client.HTTPConnection(urlsplit(gate.endpoint_url).netloc, timeout=SOON.total_seconds())
    try:
        connection.request("PUT", path, body, headers or {})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def test_path_host_and_body_go_on_as_they_came(gate, upstream):
    path = "/bucket/a%20b%2Fc%0A+~'.csv?x-id=PutObject"
    assert put(gate, path, b"x" * 200_000) == 200
    assert upstream.seen == [(path, urlsplit(gate.endpoint_url).netloc, b"x" * 200_000)]
    assert [(each.act, each.key, each.upload) for each in gate.exchanges] == [(Act.PUT_OBJECT, "a b/c\n+~'.csv", 1)]


def test_parts_are_no_uploads_but_bring_data(gate):
    put(gate, "/bucket/key?partNumber=1&uploadId=u")
    put(gate, "/bucket")
    assert gate.uploads() == []
    assert [each.act for each in gate.writes()] == [Act.UPLOAD_PART]


def test_the_second_upload_is_held_before_it_reaches_the_server(gate, upstream):
    rule = gate.obey(Rule(Hold(), first=2))
    put(gate, "/bucket/one")
    held = threading.Thread(target=put, args=(gate, "/bucket/two"))
    held.start()
    gate.wait_until_met(rule, SOON)
    assert [path for path, _, _ in upstream.seen] == ["/bucket/one"]
    gate.lift(rule)
    held.join()
    assert [path for path, _, _ in upstream.seen] == ["/bucket/one", "/bucket/two"]


def test_an_answer_is_held_after_the_server_did_its_work(gate, upstream):
    rule = gate.obey(Rule(Hold(Stage.ANSWER)))
    held = threading.Thread(target=put, args=(gate, "/bucket/one"))
    held.start()
    gate.wait_until_met(rule, SOON)
    put(gate, "/bucket")
    gate.lift(rule)
    held.join()
    assert [path for path, _, _ in upstream.seen] == ["/bucket/one", "/bucket"]


def test_a_held_request_whose_client_hung_up_never_reaches_the_server(gate, upstream):
    rule = gate.obey(Rule(Hold()))
    connection = http.client.HTTPConnection(urlsplit(gate.endpoint_url).netloc, timeout=SOON.total_seconds())
    connection.request("PUT", "/bucket/one", b"body")
    gate.wait_until_met(rule, SOON)
    connection.close()
    put(gate, "/bucket", b"")
    gate.lift_all()
    put(gate, "/bucket/two")
    assert "/bucket/one" not in [path for path, _, _ in upstream.seen]


def test_an_answer_is_noted_before_the_client_can_have_it(gate, monkeypatch):
    noted = []
    pass_back = gate_bodies.pass_back

    async def and_look(*args):
        noted.extend((each.status, bool(each.answered), each.fate) for each in gate.exchanges)
        return await pass_back(*args)

    monkeypatch.setattr(gate_bodies, "pass_back", and_look)
    assert put(gate, "/bucket/one") == 200
    assert noted == [(200, True, "passed")]


def test_an_answer_that_broke_on_its_way_is_none(gate, monkeypatch):
    async def broken(*_):
        raise ConnectionResetError

    monkeypatch.setattr(gate_bodies, "pass_back", broken)
    with pytest.raises((http.client.HTTPException, OSError)):
        put(gate, "/bucket/one")
    (seen,) = gate.exchanges
    assert (seen.status, seen.answered, seen.fate) == (None, "", "the connection broke: ConnectionResetError")


def test_what_was_held_and_finds_no_server_is_held_no_more(gate, upstream):
    rule = gate.obey(Rule(Hold()))
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(put, gate, "/bucket/one")
        gate.wait_until_met(rule, SOON)
        gate.upstream = "http://127.0.0.1:1"
        gate.lift(rule)
        with pytest.raises((http.client.HTTPException, OSError)):
            held.result()
    (seen,) = gate.exchanges
    assert seen.fate.startswith("held before it reaches the server, then the connection broke: Client")


@pytest.mark.parametrize("hung_up", [True, False])
def test_what_is_held_does_not_keep_the_gate_from_closing(upstream, hung_up):
    with Gate(f"http://127.0.0.1:{upstream.server_port}") as gate:
        rule = gate.obey(Rule(Hold()))
        address = urlsplit(gate.endpoint_url)
        with socket.create_connection((address.hostname, address.port)) as client:
            # More than is read before somebody asks for it: then nobody sees that the client hangs up.
            client.sendall(b"PUT /bucket/one HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + bytes(500_000))
            gate.wait_until_met(rule, SOON)
            if hung_up:
                client.close()
            gate.close()
    assert upstream.seen == []


def test_the_log_tells_when_the_client_of_a_held_request_hung_up(gate):
    rule = gate.obey(Rule(Hold()))
    connection = http.client.HTTPConnection(urlsplit(gate.endpoint_url).netloc, timeout=10)
    connection.request("PUT", "/bucket/one", b"body")
    gate.wait_until_met(rule, SOON)
    (exchange,) = gate.exchanges
    assert not exchange.hung_up
    connection.close()
    deadline = time.monotonic() + 60
    while not exchange.hung_up and time.monotonic() < deadline:
        put(gate, "/bucket")
    assert exchange.time <= exchange.hung_up


def test_the_gate_answers_in_the_servers_place(gate, upstream):
    gate.obey(Rule(Answer(503, "SlowDown"), first=2, count=1))
    assert [put(gate, "/bucket/key") for _ in range(3)] == [200, 503, 200]
    assert len(upstream.seen) == 2


def test_the_gate_answers_also_to_what_is_large(gate):
    gate.obey(Rule(Answer(503, "SlowDown")))
    assert put(gate, "/bucket/key", bytes(3 << 20), {"Expect": "100-continue"}) == 503


def test_a_rule_for_some_keys_leaves_the_others_alone(gate):
    gate.obey(Rule(Answer(403, "AccessDenied"), key="bad/*"))
    assert [put(gate, "/bucket/bad/one"), put(gate, "/bucket/good")] == [403, 200]


def test_an_outage_is_answered_to_everybody_until_it_is_lifted(gate, upstream):
    gate.obey(Rule(Answer(403, "AccessDenied")))
    gate.begin_outage(Answer(503, "SlowDown"))
    assert [put(gate, "/bucket/key"), put(gate, "/bucket")] == [503, 503]
    gate.lift_all()
    assert [put(gate, "/bucket/key"), put(gate, "/bucket")] == [200, 200]
    assert len(upstream.seen) == 2


def test_what_was_held_and_is_let_go_of_meets_the_outage_that_came_meanwhile(gate, upstream):
    rule = gate.obey(Rule(Hold()))
    held = threading.Thread(target=put, args=(gate, "/bucket/one"))
    held.start()
    gate.wait_until_met(rule, SOON)
    gate.begin_outage(Answer(503, "SlowDown"))
    gate.lift(rule)
    held.join()
    assert gate.exchanges[0].status == 503
    assert not upstream.seen


def test_holds_are_lifted_and_the_other_rules_stay(gate):
    gate.obey(Rule(Hold()))
    gate.obey(Rule(Answer(403, "AccessDenied")))
    gate.lift_holds()
    assert put(gate, "/bucket/key") == 403


def test_an_answer_is_lost_after_the_server_did_its_work(gate, upstream):
    gate.obey(Rule(LoseAnswer(), count=1))
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        put(gate, "/bucket/one")
    assert len(upstream.seen) == 1
    assert gate.exchanges[0].fate == "answer 200 lost"


def test_a_request_is_cut_off_in_the_middle_of_its_body(gate, upstream):
    gate.obey(Rule(CutRequest(after_bytes=10), count=1))
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        put(gate, "/bucket/one", b"x" * 1000)
    assert gate.exchanges[0].status is None


def test_a_client_that_asks_first_is_invited_to_send(gate):
    assert put(gate, "/bucket/one", headers={"Expect": "100-continue"}) == 200


def test_waiting_for_what_never_comes_says_what_came_instead(gate):
    rule = gate.obey(Rule(Hold(), first=5))
    put(gate, "/bucket/one")
    with pytest.raises(GateError, match=r"Expected in time a request .*number 5.*, seen 1 requests"):
        gate.wait_until_met(rule, timedelta(milliseconds=50))


def test_the_log_is_one_json_line_a_request(gate, tmp_path: Path):
    put(gate, "/bucket/one")
    gate.save_log(tmp_path / "gate.jsonl")
    assert '"act": "PutObject", "key": "one", "upload": 1' in (tmp_path / "gate.jsonl").read_text()


@pytest.mark.parametrize(
    ("method", "target", "act"),
    [
        ("PUT", "/b/k", Act.PUT_OBJECT),
        ("PUT", "/b/k?x-id=PutObject", Act.PUT_OBJECT),
        ("PUT", "/b", Act.OTHER),
        ("PUT", "/b/k?tagging", Act.OTHER),
        ("PUT", "/b/k?partNumber=1&uploadId=u", Act.UPLOAD_PART),
        ("POST", "/b/k?uploads", Act.CREATE_MULTIPART),
        ("POST", "/b/k?uploadId=u", Act.COMPLETE_MULTIPART),
        ("DELETE", "/b/k?uploadId=u", Act.ABORT_MULTIPART),
        ("DELETE", "/b/k?versionId=v", Act.DELETE_OBJECT),
        ("GET", "/b?list-type=2", Act.LIST),
        ("GET", "/b/k", Act.GET_OBJECT),
        ("HEAD", "/b/k", Act.HEAD_OBJECT),
        ("POST", "/b?delete", Act.DELETE_OBJECTS),
    ],
)
def test_requests_are_read_as_s3_means_them(method, target, act):
    assert S3Request.read(method, target).act is act


def test_the_diary_tells_what_each_rule_did_first_and_when_outages_began_and_ended(gate):
    def diary():
        return [(entry.deed, entry.detail) for entry in gate.diary]

    gate.obey(Rule(Answer(503, "SlowDown"), count=2))
    for _ in range(3):
        put(gate, "/b/key")
    assert diary() == [("fault", "PutObject: answers 503 SlowDown")]
    gate.begin_outage(Answer(500, "InternalError"))
    gate.lift_all()
    gate.lift_all()
    assert diary()[1:] == [("server away", "answers 500 InternalError"), ("server back", "answers again")]


def test_the_diary_tells_when_what_was_held_goes_on(gate):
    hold = gate.obey(Rule(Hold()))
    gate.lift_holds()
    assert gate.diary == []
    hold = gate.obey(Rule(Hold()))
    sender = threading.Thread(target=put, args=(gate, "/b/key"))
    sender.start()
    gate.wait_until_met(hold, SOON)
    gate.lift(hold)
    sender.join()
    assert [entry.detail for entry in gate.diary] == ["PutObject: held", "held requests go on"]
