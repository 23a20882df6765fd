"""The three proofs that an S3 server is ready: it is healthy, it serves whoever signs, it refuses whoever does not."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urlsplit

import requests
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as SigningCredentials

from harness.patience import patient
from harness.problems import EnvironmentFault, Problem
from harness.progress import seconds

REGION = "us-east-1"
_REQUEST_LIMIT = patient(20).total_seconds()
_LOOK_AGAIN = 0.02
_CHECK_AGAIN = 0.25


@dataclass(frozen=True)
class Access:
    """Where a server answers and with which credentials; the secret is never shown.

    Attributes:
        endpoint_url: ``http://host:port``.
        access_key: Access key id.
        secret_key: Secret access key.
        health_path: The path that answers 200 once it is up; None if there is none.
    """

    endpoint_url: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    health_path: str | None = None


@dataclass(frozen=True)
class Proof:
    """One proof: what was expected, what was seen, and whether they agree."""

    name: str
    expected: str
    seen: str
    holds: bool


_NOTHING_YET = Proof("an answer", "one", "none", holds=False)


def prove(access: Access) -> tuple[Proof, ...]:
    """Asks the server three times and returns what it answered; an unreachable server is an answer too."""
    with requests.Session() as session:
        session.trust_env = False
        return tuple(proof(session, access) for proof in (_health, _signed, _unsigned))


def unfulfilled(access: Access) -> Proof | None:
    """Returns the first proof that does not hold yet, or None when the server is ready."""
    with requests.Session() as session:
        session.trust_env = False
        for proof in (_health, _signed, _unsigned):
            told = proof(session, access)
            if not told.holds:
                return told
    return None


def wait_until_ready(access: Access, limit: float, *, what: str, check_alive: Callable[[], None]) -> float:
    """Waits until all three proofs hold and returns the seconds that took.

    Args:
        access: The server.
        limit: Seconds to wait, with PATIENCE 1.
        what: The server's name, for the message.
        check_alive: Called between the attempts; raises when waiting is in vain.

    Raises:
        EnvironmentFault: The time is up; the message tells what was expected, seen last, and how long it took.
    """
    begun = time.monotonic()
    most = patient(limit).total_seconds()
    checked = begun
    while True:
        now = time.monotonic()
        lacking = unfulfilled(access) if now - begun > most or _answers(access) else _NOTHING_YET
        if lacking is None:
            return time.monotonic() - begun
        # The engine takes as long over its answer as the server over twenty.
        if now - checked > _CHECK_AGAIN or now - begun > most:
            checked = now
            check_alive()
        if now - begun > most:
            raise EnvironmentFault(
                Problem.NOT_READY,
                f"{what} at {access.endpoint_url}: {lacking.name}: expected {lacking.expected}, "
                f"seen {lacking.seen}, waited {seconds(now - begun)}",
            )
        time.sleep(_LOOK_AGAIN)


def _answers(access: Access) -> bool:
    """Whether asking for the proofs is worth the while: a plain request, which costs little, is answered well."""
    address = urlsplit(access.endpoint_url)
    if address.scheme != "http":
        return True
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=_REQUEST_LIMIT)
    try:
        connection.request("GET", access.health_path or "/")
        return access.health_path is None or connection.getresponse().status == HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _health(session: requests.Session, access: Access) -> Proof:
    if access.health_path is None:
        return Proof("health", "no health path is known", "not asked", holds=True)
    seen = _ask(session, access.endpoint_url + access.health_path, {})
    return Proof("health", "status 200", seen, holds=seen == "status 200")


def _signed(session: requests.Session, access: Access) -> Proof:
    url = f"{access.endpoint_url}/"
    request = AWSRequest(method="GET", url=url)
    S3SigV4Auth(SigningCredentials(access.access_key, access.secret_key), "s3", REGION).add_auth(request)
    seen = _ask(session, url, dict(request.headers.items()))
    return Proof("a signed request (list of buckets)", "status 200", seen, holds=seen == "status 200")


def _unsigned(session: requests.Session, access: Access) -> Proof:
    seen = _ask(session, f"{access.endpoint_url}/", {})
    holds = seen in {"status 401", "status 403"}
    return Proof("an unsigned request (list of buckets)", "status 403 (or 401)", seen, holds)


def _ask(session: requests.Session, url: str, headers: dict[str, str]) -> str:
    try:
        with session.get(url, headers=headers, timeout=_REQUEST_LIMIT, allow_redirects=False) as answer:
            return f"status {answer.status_code}"
    except requests.ConnectionError:
        return "no connection"
    except requests.Timeout:
        return f"no answer within {seconds(_REQUEST_LIMIT)}"
    except requests.RequestException as error:
        return f"{type(error).__name__}: {error}"
