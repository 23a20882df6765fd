"""Keywords that try to start a server that cannot start, and judge what the attempt says and leaves."""

import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from robot.api import logger
from robot.api.deco import keyword, library

from Environment import choice
from harness import broken_start
from harness.broken_start import Attempt, Trouble
from harness.tables import Row
from verdicts import hold


@library(scope="TEST", doc_format="MARKDOWN")
class BrokenStart:
    """One attempt to start a server in trouble, from a Given to its Then."""

    def __init__(self) -> None:
        self._trouble: Trouble | None = None
        self._attempt: Attempt | None = None

    @keyword
    def choose_trouble(self, trouble: str) -> None:
        """Let the next server be one that cannot start, for one of the reasons that `Trouble` names."""
        self._trouble = Trouble(trouble)

    @keyword
    def try_to_start_server_in_trouble(self, folder: Path) -> None:
        """Start the server; what it fails with is kept, to be judged.

        Args:
            folder: The run's folder.
        """
        with tempfile.TemporaryDirectory(dir=folder) as described:
            self._attempt = broken_start.attempt(replace(choice(), image=None), self._chosen, Path(described))
        logger.info(f"{self._attempt.seconds:.2f} s: {self._attempt.raised}")

    @keyword
    def start_should_have_failed_clearly(self, within: timedelta) -> None:
        """It failed in time, as a fault of the environment that names the trouble and what it was about.

        Nothing else will do: an error of another kind may be taken for the product's, and a skip for success.
        """
        seen = self._made
        problems, word = broken_start.EXPECTED[self._chosen]
        clear = broken_start.problem_of(seen) in problems and word in str(seen.raised)
        wanted = f"an environment fault '{' or '.join(sorted(problems))}' that names {word!r}"
        limit, took = within.total_seconds(), seen.seconds
        rows = [
            Row("the attempt to start", wanted, repr(seen.raised), clear),
            Row("the attempt to start", f"the error within {limit:g} s", f"{took:.1f} s", took <= limit),
        ]
        hold("Start that fails", rows)

    @keyword
    def start_should_have_left_nothing(self) -> None:
        """No container, volume, network or folder is there that was not there before the attempt."""
        left = self._made.left
        seen = f"{len(left)} things, the first is {left[0]}" if left else "so"
        hold("Left behind", [Row("the machine", "nothing to be left behind", seen, not left)])

    @property
    def _chosen(self) -> Trouble:
        if self._trouble is None:
            raise AssertionError("No trouble was chosen: the Given is missing.")
        return self._trouble

    @property
    def _made(self) -> Attempt:
        if self._attempt is None:
            raise AssertionError("No server was started: the When is missing.")
        return self._attempt
