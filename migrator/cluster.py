"""A running Dask cluster, as a run needs it; the only module that calls Dask, and imports it when it is asked to.

Dask decides which worker does what, and hands what a dead worker had to another one.
"""

import importlib.util
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from migrator.cluster_place import Lack, Workplace, check, versions
from migrator.errors import Blocked, ExitCode, Stopped, UsageError
from migrator.logs import log

if TYPE_CHECKING:
    from distributed import Client, Future

EXTRA = "migrator[cluster]"
SCHEMES = ("tcp", "tls")
_CONNECT_SECONDS = 10.0
_CLOSING_SECONDS = 2.0
# Besides the time that the target may be out: a worker that is busy with others' tasks takes a while.
_CHECK_SECONDS = 60.0
_POLL_SECONDS = 0.1
_MOST_NAMED = 3


def address_problem(text: str) -> str:
    """What is wrong with a scheduler's address and what would be right, or the empty text."""
    right = "write tcp://HOST:PORT, or tls://HOST:PORT"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return f"is no scheduler's address; {right}"
    if parts.username is not None or parts.password is not None:
        # The text is not quoted: it may hold a password.
        return f"holds a user name or password, and no scheduler takes one; {right}"
    bare = parts.path in {"", "/"} and not parts.query and not parts.fragment
    if parts.scheme not in SCHEMES or not parts.hostname or not port or not bare:
        return f"{text.encode(errors='backslashreplace').decode()!r} is no scheduler's address; {right}"
    return ""


def demand_package() -> None:
    """Find Dask's package, but do not import it.

    Raises:
        UsageError: It is not installed.
    """
    if importlib.util.find_spec("distributed") is None:
        raise UsageError(f"--cluster needs the package `distributed`; `pip install '{EXTRA}'` installs it")


class Cluster:
    """A connection to a scheduler.

    Args:
        address: The scheduler's.
        retry_for: Seconds that it may be out.

    Raises:
        Blocked: It does not answer.
    """

    def __init__(self, address: str, retry_for: float) -> None:
        import distributed

        _quiet()
        self._address = address
        self._patience = max(retry_for, _CONNECT_SECONDS)
        try:
            self._client: Client = distributed.Client(
                address, timeout=_CONNECT_SECONDS, set_as_default=False, name="migrator"
            )
        except (OSError, TimeoutError, ValueError, TypeError) as error:
            raise Blocked(f"the scheduler {address} does not answer: {' '.join(str(error).split())}") from None

    def submit(
        self, name: str, function: Callable[..., Any], *arguments: Any, urgent: bool = False, worker: str | None = None
    ) -> "Future":
        """Have a worker call a function; what it is given must be picklable, and is no secret."""
        return self._client.submit(
            function,
            *arguments,
            key=name,
            pure=False,
            priority=1 if urgent else 0,
            workers=[worker] if worker else None,
        )

    def result(self, future: "Future") -> Any:
        """What became of a future that has ended.

        Raises:
            Lost: So many workers died while they had it that nobody else is given it.
            Blocked: The cluster could not carry it out.
        """
        from distributed import KilledWorker

        try:
            if future.status == "cancelled":
                raise self.gone()
            return future.result()
        except KilledWorker as error:
            count = error.allowed_failures + 1
            raise Lost(
                f"{count} workers died or were lost while they had it, the last was {error.last_worker.address}"
            ) from None
        except Blocked:
            raise
        except Exception as error:  # noqa: BLE001 - tasks catch all of their own; what is left is the cluster's
            if self._client.status != "running":
                raise self.gone() from None
            raise Blocked(f"the cluster cannot carry out the work: {_told(error)}") from None

    def workers(self) -> dict[str, int]:
        """The workers' addresses, with how many tasks each carries out side by side.

        Raises:
            Blocked: The scheduler does not answer.
        """
        try:
            found = self._client.sync(self._client.scheduler.ncores, callback_timeout=self._patience)
        except Exception:  # noqa: BLE001 - Dask raises whatever it meets: time is up, a connection broke, it is closed
            raise self.gone() from None
        return {str(address): int(threads) for address, threads in found.items()}

    def gone(self) -> Blocked:
        """That there is no scheduler any more."""
        return Blocked(f"the scheduler {self._address} is gone, or does not answer")

    def check(self, place: Workplace, stopping: Callable[[], bool]) -> None:
        """Have every worker tell what it lacks.

        Raises:
            UsageError: A worker cannot do this run's work as it is.
            Blocked: A worker cannot use the target, or does not answer; or there is none.
            Stopped: A stop was asked for.
        """
        workers = self._some_workers(stopping)
        name = f"migrator-check-{place.token[:8]}"
        asked = {
            worker: self.submit(f"{name}-{number}", check, place, urgent=True, worker=worker)
            for number, worker in enumerate(workers)
        }
        deadline = time.monotonic() + _CHECK_SECONDS + place.retry_for
        while not all(future.done() for future in asked.values()) and time.monotonic() < deadline:
            _pause(stopping)
            for worker in asked.keys() - self.workers().keys():
                del asked[worker]
        lacks = [(worker, lack) for worker, future in asked.items() if (lack := self._lack(future))]
        if not lacks:
            log.info("%d workers on %s are fit for the work", len(asked), self._address)
            return
        words = "; ".join(f"worker {worker}: {lack.words}" for worker, lack in lacks[:_MOST_NAMED])
        more = f"; and {len(lacks) - _MOST_NAMED} more workers" if len(lacks) > _MOST_NAMED else ""
        if any(lack.code is ExitCode.USAGE for _, lack in lacks):
            raise UsageError(f"--cluster: {words}{more}")
        raise Blocked(words + more)

    def close(self) -> bool:
        """Let everything go that was submitted; False where that hangs."""
        with suppress(Exception):
            self._client.close(timeout=_CLOSING_SECONDS)
        return False

    def _some_workers(self, stopping: Callable[[], bool]) -> Sequence[str]:
        deadline = time.monotonic() + self._patience
        while not (workers := list(self.workers())):
            if time.monotonic() > deadline:
                raise Blocked(f"the scheduler {self._address} has no workers; start some")
            _pause(stopping)
        return workers

    def _lack(self, future: "Future") -> Lack | None:
        if not future.done():
            return Lack(
                f"it has not answered within {_CHECK_SECONDS:g} s; it hangs, or others keep it busy",
                ExitCode.WORK_PENDING,
            )
        try:
            lack: Lack | None = self.result(future)
        except (Blocked, Lost) as error:
            needed = ", ".join(" ".join(each) for each in versions())
            return Lack(f"it cannot be asked ({error}); it must have {needed}", ExitCode.USAGE)
        return lack


class Lost(Exception):
    """A task whose workers died one after the other."""


def _pause(stopping: Callable[[], bool]) -> None:
    if stopping():
        raise Stopped("a stop was asked for")
    time.sleep(_POLL_SECONDS)


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def _quiet() -> None:
    """Have Dask's own warnings told as all others are."""
    for name in ("distributed", "distributed.client", "tornado", "tornado.application"):
        logger = logging.getLogger(name)
        logger.handlers[:] = []
        logger.setLevel(logging.CRITICAL)
    logging.getLogger("distributed").propagate = False
