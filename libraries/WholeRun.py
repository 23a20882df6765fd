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
        self._exit_code_should(0, "every test to pass")

    @keyword
    def whole_run_should_have_failed(self) -> None:
        """Robot's exit code tells one failed test."""
        self._exit_code_should(1, "one test to fail")

    @keyword
    def whole_run_should_have_said(self, pattern: str) -> None:
        """Somewhere on the console there is text that matches a regular expression, whatever its lines."""
        said = " ".join(self._started.console().split())
        found = re.search(pattern, said)
        seen = repr(found.group() if found else said[-500:])
        hold("Said on the console", [Row("the run's console", f"the run to say {pattern!r}", seen, found is not None)])

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

    def _exit_code_should(self, expected: int, meaning: str) -> None:
        seen = self._started.process.returncode
        show("End of the whole run", [Row("exit code", f"{expected} ({meaning})", str(seen), seen == expected)])
        if seen != expected:
            raise AssertionError(
                f"Expected exit code {expected} ({meaning}), seen {seen}; its output is in {self._started.output}."
            )


def _unused(folder: Path) -> Path:
    number = 1
    while (named := folder.with_name(f"{folder.name}-{number}")).exists():
        number += 1
    return named
