"""A running Dask cluster, as a run needs it; Dask is imported when there is something to ask of it.

Dask decides which worker does what, and hands what a dead worker had to another one.
"""

import importlib.util
import logging
import pickle
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from migrator.cluster_address import security
from migrator.cluster_place import Lack, Workplace, check, unlike, versions
from migrator.errors import Blocked, ExitCode, Stopped, UsageError
from migrator.logs import log

if TYPE_CHECKING:
    from distributed import Client, Future

EXTRA = "migrator[cluster]"
# An answer may take this long, however little patience is asked for.
_ANSWER_SECONDS = 10.0
_CLOSING_SECONDS = 2.0
# Besides the time that the target may be out: a worker that is busy with others' tasks takes a while.
_CHECK_SECONDS = 60.0
_POLL_SECONDS = 0.1
_MOST_NAMED = 3


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
        UsageError: Dask's own settings do not fit the address.
        Blocked: It does not answer.
    """

    def __init__(self, address: str, retry_for: float) -> None:
        import distributed

        _quiet()
        self._address = address
        self._patience = max(retry_for, _ANSWER_SECONDS)
        try:
            self._client: Client = distributed.Client(
                address, timeout=self._patience, set_as_default=False, name="migrator", security=security(address)
            )
        except (OSError, TimeoutError, ValueError, TypeError) as error:
            raise Blocked(f"the scheduler {address} does not answer: {_words(error)}") from None

    def submit(
        self,
        name: str,
        function: Callable[..., Any],
        *arguments: Any,
        before: Sequence["Future"] = (),
        urgent: bool = False,
        worker: str | None = None,
    ) -> "Future":
        """Have a worker call a function with what became of the tasks `before`, and with arguments that hold no secret.

        They travel as bytes, so that a scheduler needs nothing of ours, and a worker which lacks something can say so.
        """
        return self._client.submit(
            _caller(),
            pickle.dumps((function, arguments)),
            *before,
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

        if future.status == "cancelled":
            raise self.gone()
        try:
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
            raise Blocked(_words(error)) from None

    def workers(self) -> dict[str, int]:
        """The workers' addresses, with how many tasks each carries out side by side.

        Raises:
            Blocked: The scheduler does not answer.
        """
        found = self._ask("ncores")
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
        self._complain(self._unlike(workers))
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
        self._complain({worker: lack for worker, future in asked.items() if (lack := self._lack(future))})
        log.info("%d workers of %s are fit for the work", len(asked), self._address)

    def close(self) -> bool:
        """Let everything go that was submitted; False where that hangs."""
        try:
            self._client.close(timeout=_CLOSING_SECONDS)
        except Exception:  # noqa: BLE001 - the connection may be in any state, and nobody needs it any more
            return False
        return True

    def _some_workers(self, stopping: Callable[[], bool]) -> Sequence[str]:
        deadline = time.monotonic() + self._patience
        while not (workers := list(self.workers())):
            if time.monotonic() > deadline:
                raise Blocked(f"the scheduler {self._address} has no workers; start some")
            _pause(stopping)
        return workers

    def _unlike(self, workers: Sequence[str]) -> dict[str, Lack]:
        """The workers with another Python or Dask, to which nothing can be handed."""
        from distributed.versions import get_versions

        own = get_versions()["packages"]
        try:
            told = self._ask("broadcast", msg={"op": "versions"}, on_error="ignore")
        except Blocked:
            known = self._ask("identity")["workers"]
            silent = min(known, key=lambda worker: float(known[worker]["last_seen"]), default="none")
            raise Blocked(f"not every worker answers; the one longest silent is {silent}") from None
        lacks = {}
        for worker in told.keys() & set(workers):
            theirs = told[worker]["packages"]
            for name, wanted, has in (
                ("Python", _minor(own["python"]), _minor(theirs["python"])),
                ("distributed", own["distributed"], theirs["distributed"]),
            ):
                if has != wanted:
                    lacks[worker] = unlike(name, wanted, has)
        return lacks

    def _lack(self, future: "Future") -> Lack | None:
        if not future.done():
            words = f"it has not answered within {_CHECK_SECONDS:g} s; it hangs, or others keep it busy"
            return Lack(words, ExitCode.WORK_PENDING)
        try:
            lack: Lack | None = self.result(future)
        except (Blocked, Lost) as error:
            if self._client.status != "running":
                raise self.gone() from None
            return Lack(f"it cannot do the work: {error}; it must have {_needed()}", ExitCode.USAGE)
        return lack

    def _ask(self, what: str, **arguments: Any) -> Any:
        """What the scheduler answers.

        Raises:
            Blocked: Nothing, for longer than anybody waits.
        """
        try:
            method = getattr(self._client.scheduler, what)
            return self._client.sync(method, callback_timeout=self._patience, **arguments)
        except Exception:  # noqa: BLE001 - Dask raises whatever it meets: time is up, a connection broke, it is closed
            raise self.gone() from None

    @staticmethod
    def _complain(lacks: Mapping[str, Lack]) -> None:
        if not lacks:
            return
        words = "; ".join(f"worker {worker}: {lacks[worker].words}" for worker in sorted(lacks)[:_MOST_NAMED])
        words += f"; and {len(lacks) - _MOST_NAMED} more workers" if len(lacks) > _MOST_NAMED else ""
        if any(lack.code is ExitCode.USAGE for lack in lacks.values()):
            raise UsageError(f"--cluster: {words}")
        raise Blocked(words)


class Lost(Exception):
    """A task whose workers died one after the other."""


def _pause(stopping: Callable[[], bool]) -> None:
    if stopping():
        raise Stopped("a stop was asked for")
    time.sleep(_POLL_SECONDS)


def _words(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _needed() -> str:
    return ", ".join(" ".join(each) for each in versions())


def _caller() -> Callable[..., Any]:
    """What workers call. As a function within another it travels itself, not by its name, which they may lack."""

    def carry_out(payload: bytes, *before: Any) -> Any:
        import pickle

        from distributed import get_worker

        try:
            function, arguments = pickle.loads(payload)  # noqa: S301 - the coordinator's own
        except (ImportError, AttributeError, TypeError) as error:
            raise RuntimeError(f"worker {get_worker().address}: {error}") from None
        return function(*before, *arguments)

    return carry_out


def _quiet() -> None:
    """Keep Dask's own lines off stderr, which has a form of its own; what matters of them is told in words of ours."""
    for name in ("distributed", "distributed.client", "tornado", "tornado.application"):
        logger = logging.getLogger(name)
        logger.handlers[:] = []
        logger.setLevel(logging.CRITICAL)
    logging.getLogger("distributed").propagate = False
