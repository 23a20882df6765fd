"""Pulling an image within a time limit, with errors that tell their causes apart."""

from __future__ import annotations

import queue
import threading
import time

import docker
import requests
from docker.errors import APIError, DockerException, NotFound

from harness.problems import EnvironmentFault, Problem
from harness.progress import Say, seconds
from harness.server_files import PinnedImage

FIRST_ANSWER_LIMIT = 12.0
PULL_LIMIT = 180.0
_REPORT_EVERY = 5.0

_SIGNS: tuple[tuple[Problem, tuple[str, ...]], ...] = (
    (Problem.DISK_FULL, ("no space left on device", "disk quota exceeded")),
    (Problem.RATE_LIMIT, ("toomanyrequests", "rate limit", "too many requests")),
    (
        Problem.NO_SUCH_IMAGE,
        ("manifest unknown", "manifest for", "name unknown", "no such image", "not found: manifest"),
    ),
    (Problem.REFUSED, ("denied", "unauthorized", "authentication required", "forbidden")),
    (
        Problem.NO_NETWORK,
        (
            "no such host",
            "network is unreachable",
            "no route to host",
            "i/o timeout",
            "connection refused",
            "connection reset",
            "tls handshake timeout",
            "temporary failure in name resolution",
            "server misbehaving",
            "request canceled while waiting for connection",
            "context deadline exceeded",
            "dial tcp",
            "proxyconnect",
        ),
    ),
    (Problem.NO_SUCH_IMAGE, ("not found",)),
)


def kind_of(text: str) -> Problem:
    """Returns the kind of trouble that an engine's or a registry's message speaks of."""
    lower = text.lower()
    for problem, signs in _SIGNS:
        if any(sign in lower for sign in signs):
            return problem
    return Problem.OTHER


def plain(error: BaseException) -> str:
    """Returns an engine's error in one line, in its own words, without the request that led to it."""
    told = error.explanation if isinstance(error, APIError) and error.explanation else error
    return " ".join(str(told).split())


def pull(
    client: docker.DockerClient,
    image: PinnedImage | str,
    *,
    tell: Say,
    first_answer: float = FIRST_ANSWER_LIMIT,
    limit: float = PULL_LIMIT,
) -> str:
    """Pulls an image and returns the name by which it is then here.

    Args:
        client: The engine.
        image: A pinned image, or a reference as a user writes it (tag ``latest`` if none is given).
        tell: Where progress goes.
        first_answer: Seconds within which the registry must have said something.
        limit: Seconds for the whole.

    Raises:
        EnvironmentFault: It could not be pulled in time, with the cause.
    """
    name = image.pinned if isinstance(image, PinnedImage) else image
    repository, tag = split_reference(name)
    told: queue.Queue[dict[str, object] | BaseException | None] = queue.Queue()
    threading.Thread(target=_read, args=(client, repository, tag, told), daemon=True).start()
    begun = time.monotonic()
    deadline, next_report, heard = begun + first_answer, begun + _REPORT_EVERY, False
    while True:
        now = time.monotonic()
        if now >= deadline:
            waited = seconds(now - begun)
            if not heard:
                raise EnvironmentFault(Problem.NO_NETWORK, f"{name}: the registry said nothing for {waited}")
            raise EnvironmentFault(Problem.NO_NETWORK, f"{name}: the pull was not complete after {waited}; given up")
        if now >= next_report:
            tell(f"  … {seconds(now - begun)}, {'layers are coming' if heard else 'no answer yet'}")
            next_report = now + _REPORT_EVERY
        try:
            message = told.get(timeout=max(0.0, min(deadline, next_report) - now))
        except queue.Empty:
            continue
        if message is None:
            return name
        if isinstance(message, BaseException):
            raise _fault(name, message) from message
        if "error" in message:
            raise EnvironmentFault(kind_of(str(message["error"])), f"{name}: {message['error']}")
        heard, deadline = True, begun + limit


def split_reference(reference: str) -> tuple[str, str]:
    """Splits ``repository[:tag]`` or ``repository[:tag]@digest`` as the engine's pull wants it."""
    repository, at, digest = reference.partition("@")
    head, colon, tag = repository.rpartition(":")
    if colon and "/" not in tag:
        repository = head
    else:
        tag = "latest"
    return repository, digest if at else tag


def _read(
    client: docker.DockerClient,
    repository: str,
    tag: str,
    told: queue.Queue[dict[str, object] | BaseException | None],
) -> None:
    try:
        for message in client.api.pull(repository, tag=tag, stream=True, decode=True):
            told.put(message)
        told.put(None)
    except (DockerException, requests.RequestException, OSError, ValueError) as error:
        told.put(error)


def _fault(name: str, error: BaseException) -> EnvironmentFault:
    text = plain(error)
    if isinstance(error, requests.ReadTimeout):
        return EnvironmentFault(Problem.NO_NETWORK, f"{name}: the registry said nothing in time")
    if isinstance(error, requests.RequestException | OSError) and not isinstance(error, APIError):
        return EnvironmentFault(Problem.ENGINE_GONE, f"{name}: {text}")
    if isinstance(error, NotFound) and kind_of(text) is Problem.OTHER:
        return EnvironmentFault(Problem.NO_SUCH_IMAGE, f"{name}: {text}")
    return EnvironmentFault(kind_of(text), f"{name}: {text}")
