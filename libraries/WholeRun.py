"""Keywords that run this suite as a process of its own and look at what it leaves behind."""

import re
from datetime import timedelta
from pathlib import Path

from robot.api import logger
from robot.api.deco import keyword, library
from robot.libraries.BuiltIn import BuiltIn

import figures
from harness.nested_run import NestedRun
from harness.patience import patient
from harness.tables import Row
from verdicts import hold, show

_VARIABLES = ("MIGRATOR", "S3_SERVER", "S3_IMAGE", "S3_ENDPOINT_URL", "SEED")
_ONE_FAILED = 1
_WHOLE_RUN_LIMIT = patient(600)
_MADE_LIMIT = patient(180)


@library(scope="TEST", doc_format="MARKDOWN")
class WholeRun:
    """A run of the suite, from set-up to clean-up, seen from outside."""

    def __init__(self) -> None:
        self._run: NestedRun | None = None

    @property
    def _started(self) -> NestedRun:
        if self._run is None:
            raise AssertionError("No run was started: the When is missing.")
        return self._run

    @keyword
    def start_whole_run(self, test: str, **variables: str) -> None:
        """Start Robot on the tests that match, with this run's variables.

        Args:
            test: A pattern of test names.
            variables: Robot variables in place of this run's.
        """
        output = Path(str(BuiltIn().get_variable_value("${OUTPUT DIR}"))) / "evidence"
        name = "".join(
            letter if letter.isalnum() else "_" for letter in str(BuiltIn().get_variable_value("${TEST NAME}"))
        )
        given = {each: str(value) for each in _VARIABLES if (value := BuiltIn().get_variable_value(f"${{{each}}}"))}
        self._run = NestedRun.start(test, {**given, **variables}, _unused(output / name))
        logger.info(f"Its results: <a href='evidence/{self._run.output.name}/'>{self._run.output.name}</a>", html=True)

    @keyword
    def wait_for_whole_run(self) -> None:
        """Wait until the run has ended by itself."""
        self._started.wait(_WHOLE_RUN_LIMIT)

    @keyword
    def kill_whole_run_in_the_middle(self) -> None:
        """Wait until its folder is there, which is made after its server, then end the Robot process with SIGKILL."""
        self._started.wait_until_it_has(frozenset({"folder"}), _MADE_LIMIT)
        self._started.kill()

    @keyword
    def whole_run_should_have_passed(self) -> None:
        """Robot's exit code is 0."""
        hold("End of the whole run", [self._exit_code_row(0, "every test to pass")])

    @keyword
    def whole_run_should_have_failed(self) -> None:
        """Robot's exit code tells one failed test."""
        hold("End of the whole run", [self._exit_code_row(_ONE_FAILED, "one test to fail")])

    @keyword
    def whole_run_should_have_failed_and_said(self, pattern: str) -> None:
        """Its exit code tells one failed test, and its console has text that matches, whatever its lines.

        Args:
            pattern: A regular expression.
        """
        said = " ".join(self._started.console().split())
        found = re.search(pattern, said)
        told = repr(found.group() if found else said[-500:])
        rows = [
            self._exit_code_row(_ONE_FAILED, "one test to fail"),
            Row("the run's console", f"the run to say {pattern!r}", told, found is not None),
        ]
        hold("Red whole run", rows)

    @keyword
    def whole_run_should_have_taken_less_than(self, limit: timedelta) -> timedelta:
        """From the start of the process to now; returned."""
        seconds = self._started.seconds()
        figures.record("SC-001", seconds)
        right = seconds < limit.total_seconds()
        expected = f"less than {limit.total_seconds():g} s"
        show("Time of the whole run", [Row("from start to end", expected, f"{seconds:.1f} s", right)])
        if not right:
            raise AssertionError(f"Expected the whole run in {limit.total_seconds():g} s, seen {seconds:.1f} s.")
        return timedelta(seconds=seconds)

    @keyword
    def whole_run_should_have_left_nothing(self, within: timedelta) -> None:
        """No container, volume, network or folder that it made is there any more."""
        left = self._started.left_after(within)
        figures.record("SC-008", len(left))
        show("Left behind", [Row("things of the run", "none", ", ".join(left) or "none", not left)])
        if left:
            raise AssertionError(
                f"Expected nothing of the run of process {self._started.owner.pid} to be left after "
                f"{within.total_seconds():g} s, seen {len(left)} things, the first is {left[0]}."
            )

    @keyword
    def end_whole_run(self) -> None:
        """End it where it still runs, so that a failed scenario leaves no process."""
        if self._run is not None and self._run.process.poll() is None:
            self._run.kill()

    def _exit_code_row(self, expected: int, meaning: str) -> Row:
        seen = self._started.process.returncode
        return Row(str(self._started.output), f"exit code {expected} ({meaning})", str(seen), seen == expected)


def _unused(folder: Path) -> Path:
    number = 1
    while (named := folder.with_name(f"{folder.name}-{number}")).exists():
        number += 1
    return named
