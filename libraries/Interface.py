"""Keywords for what a migrator promises at its edges: command line, log, status, what it may never tell."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from robot.api.deco import keyword, library

from harness import surroundings
from harness.patience import patient
from harness.process import Finished, MigratorProcess
from harness.tables import Row
from harness.world import PREFIX, World
from Migrator import RUN_LIMIT
from verdicts import judge

_WRONG_COMMAND_LINE = 2
_AT_ONCE = patient(60)
_SECRET = "AWS_SECRET_ACCESS_KEY"  # noqa: S105 - the variable's name
_ORDINARY = 60
_SECOND_FOLDER = "2024 ü"
_LOG_ENTRIES = ("time", "level", "message")


@library(scope="GLOBAL", doc_format="MARKDOWN")
class Interface:
    """What whoever starts a migrator sees of it, besides the files."""

    @keyword
    def status_should_list_a_new_source(self, world: World) -> None:
        """Every file is pending where it arrived, nothing else is listed, and looking has left nothing behind."""
        before = _everything(world.source)
        listed = [(file.path, file.place, file.state) for file in world.status().files]
        expected = [(file.path, file.path, "pending") for file in world.truth.files]
        rows = [Row(file[0], "pending where it arrived", "so", file in listed) for file in expected]
        rows += [Row(file[0], "no entry", f"{file[1:]}", right=False) for file in listed if file not in expected]
        new = sorted(_everything(world.source) - before)
        rows.append(Row("the source", "nothing new in it", ", ".join(new) or "so", not new))
        judge(world, "Status before the first run", rows)

    @keyword
    def run_migrator_with_json_log(self, world: World) -> None:
        """Run the migrator with `--log-format json`."""
        world.run("run", "--log-format", "json", within=RUN_LIMIT)

    @keyword
    def log_should_be_json_lines(self, world: World) -> None:
        """Each line of stderr is one JSON object with time, level and message, and there is one at least."""
        lines = world.last_run.stderr.splitlines()
        rows = [Row("the log", "at least one line", f"{len(lines)}", bool(lines))]
        for number, line in enumerate(lines, 1):
            fault = _json_fault(line)
            rows.append(Row(f"line {number}", "one JSON object", fault or "so", not fault))
        judge(world, "Log", rows)

    @keyword
    def nothing_should_tell_the_secret(self, world: World) -> None:
        """The secret key stands in no log, not in the state, in no reason file, nor anywhere else in the source."""
        secret = world.launch.environment[_SECRET].encode()
        rows = []
        for folder, pattern in ((world.launch.output, "*.log"), (world.source, "*")):
            for place in _below(folder, pattern):
                told = secret in place.read_bytes()
                where = f"{folder.name}/{place.relative_to(folder)}"
                rows.append(Row(where, "not the secret key", "it" if told else "so", not told))
        judge(world, "Secrets", rows)

    @keyword
    def wrong_command_lines_should_be_refused(self, world: World) -> None:
        """Exit code 2 with words on stderr for every command line that is wrong, and nothing is migrated by it."""
        target = ["--endpoint-url", world.gate.endpoint_url]
        source, nowhere = str(world.source), str(world.folder / "nowhere")
        a_file = str(world.source / world.truth.files[0].path)
        wrong = {
            "an unknown option": ["run", source, world.target, *target, "--faster"],
            "an unusable number": ["run", source, world.target, *target, "--retry-for", "soon"],
            "an unusable number of workers": ["run", source, world.target, *target, "--workers", "some"],
            "an unusable limit": ["run", source, world.target, *target, "--unpack-limit", "much"],
            "an unusable grace period": ["run", source, world.target, *target, "--grace", "short"],
            "an unknown format of the log": ["run", source, world.target, *target, "--log-format", "xml"],
            "no such folder": ["run", nowhere, world.target, *target],
            "a file as the source": ["run", a_file, world.target, *target],
            "no target": ["run", source, *target],
            "a target of another kind": ["run", source, "ftp://bucket/lake", *target],
            "an unknown option of status": ["status", source, "--faster"],
            "no such folder for status": ["status", nowhere],
            "an unknown command": ["migrate", source, world.target, *target],
        }
        rows = [_refusal(what, _run(world, arguments)) for what, arguments in wrong.items()]
        rows.append(Row("the bucket", "0 objects", f"{len(world.bucket.keys())}", not world.bucket.keys()))
        judge(world, "Wrong command lines", rows)

    @keyword
    def source_with_a_strange_done_should_be_refused(self, world: World) -> None:
        """Exit code 2 where `done` is a link or a file, which stays as it is; afterwards nothing is in the way."""
        self._strange_folder_should_be_refused(world, "done")

    @keyword
    def source_with_a_strange_failed_should_be_refused(self, world: World) -> None:
        """Exit code 2 where `failed` is a link or a file, likewise."""
        self._strange_folder_should_be_refused(world, "failed")

    @staticmethod
    def _strange_folder_should_be_refused(world: World, name: str) -> None:
        elsewhere = world.folder / "elsewhere"
        elsewhere.mkdir(exist_ok=True)
        place = world.source / name
        arguments = ["run", str(world.source), world.target, "--endpoint-url", world.gate.endpoint_url]
        place.symlink_to(elsewhere)
        rows = [_refusal(f"a link named {name}", _run(world, arguments))]
        there = sorted(each.name for each in elsewhere.iterdir())
        rows.append(Row("where it leads", "nothing", f"{len(there)}", not there))
        place.unlink()
        place.write_bytes(b"somebody's")
        rows.append(_refusal(f"a file named {name}", _run(world, arguments)))
        place.unlink()
        judge(world, f"A strange {name}", rows)

    @keyword
    def run_migrator_with_slashes_around_the_prefix(self, world: World) -> None:
        """Run the migrator with a prefix of two folders with slashes before and behind it, which do not count."""
        world.prefix = f"{PREFIX}/{_SECOND_FOLDER}"
        target = f"s3://{world.bucket.name}//{world.prefix}//"
        world.finished = _run(world, ["run", str(world.source), target, "--endpoint-url", world.gate.endpoint_url])

    @keyword
    def run_migrator_with_every_option(self, world: World) -> None:
        """Run the migrator with every option that the contract has; the state is kept outside the source."""
        surroundings.keep_state_elsewhere(world)
        world.finished = _run(world, ["run", str(world.source), world.target, *_every_option(world)])

    @keyword
    def commands_should_take_every_option(self, world: World, *commands: str) -> None:
        """Each of the commands ends with 0, with every option that the contract has.

        After `recover`, what it knows no more is null.
        """
        world.allowed.rebuilt = "recover" in commands
        rows = []
        for command in commands:
            target = [world.target] if command in {"verify", "recover"} else []
            told = _run(world, [command, str(world.source), *target, *_every_option(world)])
            right = told.signal is None and told.exit_code == 0
            rows.append(Row(f"{command} with every option", "exit code 0", told.how_it_ended(), right))
        judge(world, "Every option", rows)

    @keyword
    def status_should_name_every_file_in_words(self, world: World) -> None:
        """Without `--json` too, `status` ends with 0 and names every file; how it writes odd or long names is free."""
        told = _run(world, ["status", str(world.source), *world.options])
        right = told.signal is None and told.exit_code == 0
        rows = [Row("status", "exit code 0", told.how_it_ended(), right)]
        for file in world.truth.files:
            if len(file.path) <= _ORDINARY:
                named = file.path in told.stdout
                rows.append(Row(file.path, "its name on stdout", "so" if named else "not a word", named))
        judge(world, "Status in words", rows)

    @keyword
    def leave_out_the_prefix(self, world: World) -> None:
        """Let the target be the bucket alone from now on."""
        world.prefix = ""

    @keyword
    def every_file_should_have_been_tried_once(self, world: World) -> None:
        """After a run that nothing disturbed each done file has one attempt, and no file has more."""
        rows = []
        for file in world.status().files:
            right = file.attempts == 1 or (file.attempts == 0 and file.state == "failed")
            rows.append(Row(file.path, "1 attempt", f"{file.attempts}", right))
        judge(world, "Attempts", rows)


def _run(world: World, arguments: list[str]) -> Finished:
    return MigratorProcess(world.launch, arguments).wait(RUN_LIMIT if arguments[0] == "run" else _AT_ONCE)


def _every_option(world: World) -> list[str]:
    """All that the contract gives to every command, with the values that hold anyway but for one worker."""
    return [
        *(*world.options, "--endpoint-url", world.gate.endpoint_url, "--workers", "1", "--log-format", "text"),
        *("--retry-for", "60", "--grace", "10", "--unpack-limit", str(1 << 30)),
    ]


def _refusal(what: str, seen: Finished) -> Row:
    right = seen.signal is None and seen.exit_code == _WRONG_COMMAND_LINE and bool(seen.stderr.strip())
    return Row(what, f"exit code {_WRONG_COMMAND_LINE} and words on stderr", seen.how_it_ended(), right)


def _json_fault(line: str) -> str:
    """What is wrong with a line of the log; empty where nothing is."""
    try:
        told: Any = json.loads(line)
    except ValueError:
        return f"none: {line[:80]!r}"
    if not isinstance(told, dict):
        return f"a JSON value that is no object: {line[:80]!r}"
    missing = [name for name in _LOG_ENTRIES if name not in told]
    return f"one without {', '.join(missing)}" if missing else ""


def _everything(folder: Path) -> set[str]:
    return {os.path.relpath(place, folder) for place in folder.rglob("*")}


def _below(folder: Path, pattern: str) -> Iterator[Path]:
    return (place for place in sorted(folder.rglob(pattern)) if place.is_file() and not place.is_symlink())
