"""What the command line says, checked: every command takes the same options."""

import argparse
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TypeVar

from migrator import __version__
from migrator.cluster_address import address_problem
from migrator.errors import ReasonCode, UsageError
from migrator.folders import DONE, FAILED
from migrator.lock import FOLDER, SCRATCH
from migrator.lock import NAME as LOCK_NAME
from migrator.target_address import Address, endpoint_problem

STATE_NAME = "state.sqlite3"
_MAX_WORKERS = 256
_MAX_DIGITS = 18
_COMMANDS = {
    "run": "convert and upload every pending file of SOURCE, and move it",
    "status": "print every file with its state",
    "verify": "name every difference between folder, state and bucket",
    "retry": "put failed files back to where they came from",
    "recover": "rebuild the state from the folders and the bucket",
}
_WITH_TARGET = frozenset({"run", "verify", "recover"})
_WITH_JSON = frozenset({"status", "verify"})

T = TypeVar("T")

NO_ADDRESS = Address("")
"""Stands for the target of a command that has none."""


@dataclass(frozen=True)
class Options:
    """A command line that is right.

    `retry_for` and `grace` are seconds, `unpack_limit` is bytes; `address` stands for the commands that have a target.
    """

    command: str
    source: Path
    state: Path
    address: Address = NO_ADDRESS
    endpoint_url: str | None = None
    workers: int = 8
    log_format: str = "text"
    retry_for: float = 60.0
    grace: float = 10.0
    unpack_limit: int = 1 << 30
    json: bool = False
    cluster: str | None = None
    code: ReasonCode | None = None


def parse(arguments: Sequence[str]) -> Options:
    """The options that a command line's arguments stand for.

    Raises:
        UsageError: They are wrong.
    """
    given = _parser().parse_args(arguments)
    source = Path(given.source)
    try:
        if not source.is_dir():
            raise UsageError(f"{given.source!r} is no folder; SOURCE is the folder whose files are to be moved")
    except (OSError, ValueError) as error:
        raise UsageError(f"{given.source!r} cannot be used as SOURCE: {error}; give a folder") from error
    return Options(
        command=given.command,
        source=source,
        state=_state(given.state, source),
        address=getattr(given, "target", NO_ADDRESS),
        endpoint_url=given.endpoint_url,
        workers=given.workers,
        log_format=given.log_format,
        retry_for=given.retry_for,
        grace=given.grace,
        unpack_limit=given.unpack_limit,
        json=getattr(given, "json", False),
        cluster=getattr(given, "cluster", None),
        code=getattr(given, "code", None),
    )


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; {' '.join(self.format_usage().split())}")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="migrator", allow_abbrev=False, description="Moves a folder of files into S3 as parquet.")
    parser.add_argument("--version", action="version", version=f"migrator {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Parser)
    for name, text in _COMMANDS.items():
        command = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
        command.add_argument("source", metavar="SOURCE", help="the folder")
        if name in _WITH_TARGET:
            command.add_argument("target", metavar="s3://BUCKET[/PREFIX]", type=_told(Address.parse))
        if name in _WITH_JSON:
            command.add_argument("--json", action="store_true", help="print JSON")
        if name == "run":
            command.add_argument(
                "--cluster",
                metavar="tcp://HOST:PORT",
                type=_told(_scheduler),
                help="a Dask scheduler, whose workers do the work; or tls://, by Dask's own settings",
            )
        if name == "retry":
            command.add_argument("--code", type=_told(_code), help="only files that failed with this reason code")
        _add_common(command)
    return parser


def _add_common(command: argparse.ArgumentParser) -> None:
    command.add_argument("--state", metavar="FILE", help=f"the state (default: SOURCE/{FOLDER}/{STATE_NAME})")
    command.add_argument("--endpoint-url", metavar="URL", type=_told(_endpoint), help="the S3 server, if not AWS")
    command.add_argument("--workers", metavar="N", type=_told(_workers), default=8, help="files side by side (8)")
    command.add_argument("--log-format", choices=("text", "json"), default="text", help="how stderr is written")
    command.add_argument(
        "--retry-for", metavar="SECONDS", type=_told(_seconds), default=60.0, help="how long an outage is borne (60)"
    )
    command.add_argument(
        "--grace", metavar="SECONDS", type=_told(_seconds), default=10.0, help="how long a stop may take (10)"
    )
    command.add_argument(
        "--unpack-limit", metavar="BYTES", type=_told(_bytes), default=1 << 30, help="see archives (1 GiB)"
    )


def _told(convert: Callable[[str], T]) -> Callable[[str], T]:
    """`convert`, whose complaint argparse passes on with the option's name."""

    def converted(text: str) -> T:
        try:
            return convert(text)
        except UsageError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return converted


def _endpoint(text: str) -> str:
    problem = endpoint_problem(text)
    if problem:
        raise UsageError(problem)
    return text


def _scheduler(text: str) -> str:
    problem = address_problem(text)
    if problem:
        raise UsageError(problem)
    return text


def _workers(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text[:9]) <= _MAX_WORKERS:
        raise UsageError(f"{text!r} is unusable; give a whole number from 1 to {_MAX_WORKERS}")
    return int(text)


def _bytes(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > _MAX_DIGITS:
        raise UsageError(f"{text!r} is unusable; give a whole number of bytes, such as {1 << 30}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise UsageError(f"{text!r} is unusable; give a number of seconds from 0 on")
    return seconds


def _code(text: str) -> ReasonCode:
    try:
        return ReasonCode(text)
    except ValueError:
        raise UsageError(f"{text!r} is no reason code; give one of {', '.join(ReasonCode)}") from None


def _state(text: str | None, source: Path) -> Path:
    if text is None:
        return source / FOLDER / STATE_NAME
    path = Path(text)
    if not text or path.name in {"", ".."} or "\0" in text:
        raise UsageError(f"argument --state: {text!r} is no file's name; give one")
    # The migrator's own folder is made where it is needed, also for who names the default outright.
    if not path.parent.is_dir() and path.parent != source / FOLDER:
        raise UsageError(f"argument --state: the folder {str(path.parent)!r} does not exist; make it, or give another")
    taken = _taken(path, source)
    if taken:
        raise UsageError(f"argument --state: {text!r} {taken}; give the name of a file of its own")
    return path


def _taken(path: Path, source: Path) -> str:
    """Why the state may not be at `path`, where it would put aside, or be put away with, what is not the state's."""
    place, root = path.parent.resolve() / path.name, source.resolve()
    if place == root or place in root.parents:
        return "is SOURCE, or holds it"
    if root not in place.parents:
        return ""
    inside = place.relative_to(root).parts
    if inside[0] in {DONE, FAILED}:
        return f"lies in {inside[0]}, which is for files that were migrated"
    if inside[0] == FOLDER and (len(inside) == 1 or inside[1] in {LOCK_NAME, SCRATCH}):
        return "is the migrator's own, and no state"
    inventoried = not any(part.startswith(".") for part in inside)
    if inventoried and path.is_dir() and not path.is_symlink():
        return "is a folder whose files are to be moved"
    return ""
