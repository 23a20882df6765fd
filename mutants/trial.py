"""One mutant before the suite: Robot runs as a user would run it, until the first test is red."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from robot.api import ExecutionResult, ResultVisitor
from robot.errors import DataError
from robot.result import TestCase

from harness.acceptance import VARIABLES
from harness.run_id import ENVIRONMENT_VARIABLE, started
from mutants.mutant import ROOT, Mutant

KEPT = ROOT / "results" / "mutants"
_PREFIX = "mutant-"
_LIMIT = 900.0
_STOP_LIMIT = 60.0
# Runs of the suite within the suite bring their own migrator; what takes much memory is for `make acceptance`.
_EXCLUDED = ("whole-run", "memory")
_NOT_THE_MIGRATOR = ("Setup failed:", "Parent suite setup failed:", "Teardown failed:", "Parent suite teardown failed:")


class Verdict(StrEnum):
    """How a trial ended."""

    CAUGHT = "caught"
    SURVIVED = "survived"
    BROKEN = "not tried"


@dataclass(frozen=True)
class Trial:
    """What became of a mutant.

    Attributes:
        mutant: The defect.
        verdict: Caught, survived, or not tried because the environment failed.
        test: The first red test; empty where none was.
        message: What it said, or why the mutant was not tried.
        seconds: Wall time.
    """

    mutant: Mutant
    verdict: Verdict
    test: str
    message: str
    seconds: float


class Trials:
    """Tries mutants, any number side by side.

    Args:
        root: The folder whose package `migrator` is broken.
    """

    def __init__(self, root: Path = ROOT) -> None:
        self._root = root
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._stopped = False

    def try_out(self, mutant: Mutant, tests: Sequence[str], *, whole: bool) -> Trial:
        """Run tests against a copy of the migrator with the mutant's defect.

        Args:
            mutant: The defect.
            tests: Patterns of the tests that should be red, which come first.
            whole: Whether the rest of the suite follows where they are green.
        """
        begun = time.monotonic()
        with tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-") as name:
            folder = Path(name)
            mutant.write(folder, self._root)
            trial = self._judged(mutant, folder, [f"--test={pattern}" for pattern in tests], begun)
            if trial.verdict is Verdict.SURVIVED and whole and not self._stopped:
                # Tests can be chosen by name but not left out by it, so the green ones are run once more.
                trial = self._judged(mutant, folder, [f"--exclude={tag}" for tag in _EXCLUDED], begun)
            kept = KEPT / mutant.name
            shutil.rmtree(kept, ignore_errors=True)
            if trial.verdict is not Verdict.CAUGHT and (folder / "results").exists():
                shutil.copytree(folder / "results", kept)
        return trial

    def stop(self) -> None:
        """End all runs, as Ctrl-C does; they clean up after themselves."""
        with self._lock:
            self._stopped = True
            for process in self._running:
                process.send_signal(signal.SIGTERM)

    def _judged(self, mutant: Mutant, folder: Path, chosen: Sequence[str], begun: float) -> Trial:
        code = self._robot(folder, chosen)

        def trial(verdict: Verdict, test: str, message: str) -> Trial:
            return Trial(mutant, verdict, test, message, time.monotonic() - begun)

        if code is None:
            return trial(Verdict.BROKEN, "", f"Robot had not ended after {_LIMIT:g} s, or was stopped")
        try:
            failed = _first_failed(folder / "results" / "output.xml")
        except DataError as error:
            said = (folder / "console.log").read_text(encoding="utf-8", errors="replace").strip().splitlines()
            return trial(Verdict.BROKEN, "", said[0] if said else str(error))
        if failed is None:
            return trial(Verdict.SURVIVED, "", "every test was green")
        if failed.message.startswith(_NOT_THE_MIGRATOR):
            return trial(Verdict.BROKEN, "", f"{failed.name}: {failed.message}")
        return trial(Verdict.CAUGHT, failed.name, failed.message)

    def _robot(self, folder: Path, chosen: Sequence[str]) -> int | None:
        """Robot's exit code; None where it was stopped."""
        results = folder / "results"
        shutil.rmtree(results, ignore_errors=True)
        python = ("env", f"PYTHONPATH={folder}", sys.executable)
        of_mutant = {"MIGRATOR": shlex.join([*python, "-m", "migrator"]), "CLUSTER_PYTHON": shlex.join(python)}
        given = {name: os.environ.get(name) for name in VARIABLES} | of_mutant
        variables = [f"--variable={name}:{value}" for name, value in given.items() if value]
        outputs = [f"--outputdir={results}", "--log=NONE", "--report=NONE", "--console=quiet"]
        command = [sys.executable, "-m", "robot", "--exitonfailure", *outputs, *variables, *chosen, "acceptance"]
        environment = {name: value for name, value in os.environ.items() if name != ENVIRONMENT_VARIABLE}
        # A trial has one question, which its output.xml answers.
        environment["S3_ACCEPTANCE_PAGES"] = "none"
        with (folder / "console.log").open("wb") as console, self._lock:
            if self._stopped:
                return None
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self._running.add(process)
        try:
            code = process.wait(_LIMIT)
        except subprocess.TimeoutExpired:
            process.terminate()
            code = None
        try:
            process.wait(_STOP_LIMIT)
        except subprocess.TimeoutExpired:
            # The run's own watchdog cleans up after it.
            process.kill()
            process.wait()
        with self._lock:
            self._running.discard(process)
        return None if self._stopped else code


def sweep() -> None:
    """Remove the copies that calls left which were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        pid = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if pid.isdigit() and started(int(pid)) is None:
            shutil.rmtree(folder, ignore_errors=True)


class _Failures(ResultVisitor):
    def __init__(self) -> None:
        self.first: TestCase | None = None

    def visit_test(self, test: TestCase) -> None:
        if self.first is None and test.failed:
            self.first = test


def _first_failed(output: Path) -> TestCase | None:
    failures = _Failures()
    ExecutionResult(str(output), include_keywords=False).visit(failures)
    return failures.first
