"""The lane that lists: what it serves, and that it says the same as boto3's, also of answers that are none."""

import socket
import threading

import pytest

from migrator import list_lane
from migrator.access import Access, Keys
from migrator.errors import TargetRefused
from migrator.list_lane import ListLane
from migrator.listing import Listed, all_uploads
from migrator.plain_lane import PlainLane
from migrator.target_errors import NotSupported, Outage
from tests.migrator.s3_fake import BUCKET, FakeS3, Fault

SECRET = "do-not-show-this-secret"
ODD_KEYS = ["a b", "a+b", "a%2Fb", "a\nb", "ä/ö\N{SNOWMAN}", "a&b<c>", "q?x=1#y", "~", " "]


@pytest.fixture(scope="module")
def fake():
    server = FakeS3()
    yield server
    server.close()


@pytest.fixture
def s3(fake):
    fake.reset()
    return fake


def access(endpoint, token=None):
    keys = Keys("the-access-key", SECRET, token)
    return Access(endpoint, "us-east-1", lambda: keys)


@pytest.fixture(scope="module")
def plain(fake):
    return PlainLane(BUCKET, access(fake.endpoint_url))


@pytest.fixture
def lane(s3):
    return ListLane(BUCKET, access(s3.endpoint_url))


def test_pages_are_those_of_the_plain_lane(s3, lane, plain):
    s3.page_size = 2
    s3.objects |= {key: key.encode() for key in ODD_KEYS}
    for under in ("", "a", "ä", "none"):
        after = None
        while True:
            page, following = lane.page(under, after)
            assert (page, following) == plain.page(under, after)
            assert all(isinstance(each, Listed) and each.key.startswith(under) for each in page)
            after = following
            if after is None:
                break


def test_uploads_are_those_of_the_plain_lane(s3, lane, plain):
    for number, key in enumerate(ODD_KEYS):
        s3.uploads[str(number)], s3.upload_keys[str(number)] = {}, key
    found = list(all_uploads(lane.uploads))
    assert sorted(found) == sorted((key, str(number)) for number, key in enumerate(ODD_KEYS))
    assert found == list(all_uploads(plain.uploads))


def test_pages_of_uploads_end_where_a_server_repeats_itself():
    asked = []

    def page(after):
        asked.append(after)
        return [("a", "1")], ("a", "1")

    assert list(all_uploads(page)) == [("a", "1")] * 2
    assert asked == [None, ("a", "1")]


def test_a_request_is_signed_with_the_token_and_names_the_server(s3):
    ListLane(BUCKET, access(s3.endpoint_url, "the-token")).page("", None)
    (request,) = s3.requests
    assert request.headers["x-amz-security-token"] == "the-token"
    assert request.headers["host"] == s3.endpoint_url.removeprefix("http://")
    assert "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token" in request.headers["authorization"]


@pytest.mark.parametrize(
    ("fault", "meaning"),
    [
        (Fault(503, "SlowDown"), Outage),
        (Fault(403, "AccessDenied"), TargetRefused),
        (Fault(404, "NoSuchBucket"), TargetRefused),
        (Fault(301, "PermanentRedirect"), TargetRefused),
        (Fault(200), TargetRefused),
        (Fault(lost=True), Outage),
    ],
    ids=lambda each: f"{each.status}-{each.code or each.lost}" if isinstance(each, Fault) else each.__name__,
)
def test_an_answer_that_is_no_listing_means_what_it_means_to_the_plain_lane(s3, lane, plain, fault, meaning):
    s3.fail(fault, times=2, method="GET")
    for each in (lane, plain):
        with pytest.raises(meaning) as caught:
            each.page("", None)
        assert SECRET not in str(caught.value)


def test_a_server_that_lists_no_uploads_is_not_at_fault(s3, lane, plain):
    s3.fail(Fault(501, "NotImplemented"), times=2, method="GET")
    for each in (lane, plain):
        with pytest.raises(NotSupported):
            each.uploads(None)


def test_an_answer_of_another_kind_is_no_listing_of_uploads(s3, lane):
    s3.fail(Fault(200), method="GET")
    with pytest.raises(TargetRefused):
        lane.uploads(None)


def test_nobody_there_is_an_outage(unused_port):
    with pytest.raises(Outage):
        ListLane(BUCKET, access(f"http://127.0.0.1:{unused_port}")).page("", None)


def test_a_server_that_does_not_answer_is_an_outage(s3, lane, monkeypatch):
    released = threading.Event()
    s3.fail(Fault(hang=released), method="GET")
    monkeypatch.setattr(list_lane, "ANSWER_SECONDS", 0.05)
    with pytest.raises(Outage, match="no answer"):
        lane.page("", None)
    released.set()


def test_half_an_answer_is_an_outage():
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve():
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<ListBucketResult>")

        thread = threading.Thread(target=serve)
        thread.start()
        lane = ListLane(BUCKET, access(f"http://127.0.0.1:{listening.getsockname()[1]}"))
        with pytest.raises(Outage):
            lane.page("", None)
        thread.join()


@pytest.mark.parametrize(
    ("endpoint", "environ", "served"),
    [
        ("http://127.0.0.1:9000", {}, True),
        ("https://s3.example.org", {"HTTP_PROXY": "http://proxy"}, True),
        (None, {}, False),
        ("http://127.0.0.1:9000", {"http_proxy": "http://proxy"}, False),
        ("https://s3.example.org", {"HTTPS_PROXY": "http://proxy"}, False),
        ("https://s3.example.org", {"all_proxy": "http://proxy"}, False),
    ],
)
def test_aws_itself_and_proxies_are_left_to_the_plain_lane(endpoint, environ, served):
    assert list_lane.serves(access(endpoint), environ) is served


@pytest.fixture
def unused_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        # Bound and not listening: connections are refused, and nobody else gets the port.
        yield taken.getsockname()[1]
