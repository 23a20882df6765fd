"""What an outage or a refusal must lead to, and a migrator that is sent where nothing good awaits it."""

import socket
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from harness.books import UNFINISHED, Difference
from harness.exchange import Exchange
from harness.folders import PLACES, look
from harness.patience import patient
from harness.process import Finished, MigratorProcess
from harness.status import Status
from harness.tables import Row
from harness.truth import MockSet, State
from harness.world import PREFIX, World

LOCALHOST = "127.0.0.1"
PENDING_LEFT = 4
"""The exit code of a run that stopped with work pending."""
BEYOND_RETRYING = timedelta(seconds=20)
"""What the contract grants beyond `--retry-for`: an attempt that hangs, and the end of the run."""
AFTER_REFUSAL = timedelta(seconds=5)
"""What the contract grants after a refusal that concerns everybody."""
LONGEST_ATTEMPT = timedelta(seconds=15)
"""What the contract grants an attempt that hangs."""
BUSY_MACHINE = patient(15)
"""What start and end of a process may take on a machine with much to do; who never gives up takes a minute and more."""
MOST_KEPT_WAITING = patient(20)
"""The most that is granted besides for the time in which the machine let the process wait."""

_BAD_REQUEST = 400
_SERVER_ERROR = 500


@contextmanager
def unheard_address() -> Iterator[str]:
    """An endpoint where nothing listens and, for as long as this lasts, nothing will."""
    with socket.socket() as reserved:
        reserved.bind((LOCALHOST, 0))
        yield f"http://{LOCALHOST}:{reserved.getsockname()[1]}"


def run_astray(
    world: World,
    *options: str,
    within: timedelta,
    endpoint_url: str | None = None,
    bucket: str | None = None,
    credentials: Mapping[str, str] | None = None,
    command: str = "run",
) -> Finished:
    """Start the migrator over the world's source, but with another endpoint, bucket or credentials than the world's."""
    target = f"s3://{bucket or world.bucket.name}/{PREFIX}"
    endpoint = ["--endpoint-url", endpoint_url or world.gate.endpoint_url]
    launch = replace(world.launch, environment={**world.launch.environment, **(credentials or {})})
    ways = {"another endpoint": endpoint_url, "another bucket": bucket, "other credentials": credentials}
    world.note(f"a {command} with {' and '.join(way for way, given in ways.items() if given) or 'its own target'}")
    world.process = MigratorProcess(launch, [command, str(world.source), target, *endpoint, *options])
    world.finished = world.process.wait(within)
    return world.finished


def granted(promised: timedelta, run: Finished) -> timedelta:
    """The limit for the end of a run: what the contract promises, and what a machine with much to do takes of it."""
    kept_waiting = timedelta(seconds=round(run.kept_waiting, 1))
    return promised + BUSY_MACHINE + min(kept_waiting, MOST_KEPT_WAITING)


def since_last_success(world: World) -> float:
    """Seconds from the server's last answer that shows it in order to the end of the migrator's last run.

    Where there was none, they count from the start of the run.
    """
    ended = world.last_run.ended
    longest = world.last_run.seconds
    answered = (each for each in world.gate.exchanges if _is_success(each))
    return min((*(_seconds(each, ended) for each in answered), longest))


def tried_again(world: World, within: float) -> bool:
    """Whether the migrator sent any request a second time in so many seconds before the end of its last run."""
    begun = world.last_run.ended - timedelta(seconds=within)
    late = (each for each in world.gate.exchanges if datetime.fromisoformat(each.time) > begun)
    return any(count > 1 for count in Counter((each.act, each.key) for each in late).values())


def since_first_refusal(world: World) -> float | None:
    """Seconds from the first answer of 4xx to the migrator's last run to that run's end; None without one."""
    last = world.last_run
    refused = (each for each in world.gate.exchanges if each.status and _BAD_REQUEST <= each.status < _SERVER_ERROR)
    return max((ago for each in refused if (ago := _seconds(each, last.ended)) <= last.seconds), default=None)


def hanging_rows(world: World, keys: Collection[str]) -> list[Row]:
    """For each of the keys, whether the attempt at it that the gate held was given up in time.

    It is given up when the client hangs up, or tries again beside it.
    """
    limit = granted(LONGEST_ATTEMPT, world.last_run).total_seconds()
    rows = []
    for key in keys:
        tried = [each for each in world.gate.uploads() if each.key == key]
        held = next((each for each in tried if each.fate.startswith("held")), None)
        if held is None:
            rows.append(Row(key, "an attempt that hangs", f"{len(tried)} uploads, and none of them did", right=False))
            continue
        ends = [held.hung_up, *(each.time for each in tried if each.number > held.number)]
        given_up = min((datetime.fromisoformat(each) for each in ends if each), default=world.last_run.ended)
        seen = (given_up - datetime.fromisoformat(held.time)).total_seconds()
        rows.append(Row(key, f"given up at most {limit:g} s after it began to hang", f"{seen:.1f} s", seen <= limit))
    return rows


def rejected(mock: MockSet, paths: Collection[str]) -> MockSet:
    """The truth of files that the target refuses one by one: failed as `upload-rejected`, with no object."""
    if unknown := set(paths) - {file.path for file in mock.files}:
        raise KeyError(f"no mock file is named {min(unknown)!r}")
    files = (
        replace(file, state=State.FAILED, codes=frozenset({"upload-rejected"}), objects=())
        if file.path in paths
        else file
        for file in mock.files
    )
    return replace(mock, files=tuple(files))


def pending_rows(mock: MockSet, status: Status, *, nothing_done: bool) -> list[Row]:
    """Each file as an outage or a refusal of everybody must leave it.

    Files that cannot be converted are failed or pending, either; all others are done or pending.
    """
    seen = {file.path: file.state for file in status.files}
    rows = []
    for file in mock.files:
        right = {"pending"} if nothing_done else {"pending", "done"}
        if file.state is not State.DONE:
            right = {"pending", "failed"}
        state = seen.get(file.path, "not in the state")
        rows.append(Row(file.path, " or ".join(sorted(right, reverse=True)), state, state in right))
    pending = sum(state == "pending" for state in seen.values())
    rows.append(Row("the state", "at least one pending file", str(pending), pending > 0))
    return rows


def misplaced(source: Path, status: Status) -> Iterator[Difference]:
    """Files that lie elsewhere than their state says, seen without asking the server."""
    folders = look(source)
    for file in status.files:
        place = file.path if file.state in UNFINISHED else f"{file.state}/{file.path}"
        places = [each for each in (file.path, *(f"{name}/{file.path}" for name in PLACES)) if each in folders]
        if places != [place]:
            yield Difference(file.path, f"{place}, as it is {file.state}", " and ".join(places) or "it nowhere")


def _is_success(exchange: Exchange) -> bool:
    # Whatever a live server says itself shows that it is there; a 5xx shows that it is not in order.
    return exchange.fate == "passed" and exchange.status is not None and exchange.status < _SERVER_ERROR


def _seconds(exchange: Exchange, ended: datetime) -> float:
    return (ended - datetime.fromisoformat(exchange.answered or exchange.time)).total_seconds()
