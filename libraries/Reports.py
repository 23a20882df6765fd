"""A listener that tells what is tested, shows that a long step is alive, and writes the pages when Robot has ended."""

from __future__ import annotations

import atexit
import os
from pathlib import Path
from typing import Any

from robot.api.deco import library
from robot.libraries.BuiltIn import BuiltIn

from harness import tested
from harness.progress import say
from harness.still_running import StillRunning
from report.write import PAGE, UnreadableOutput, write

LATER = "S3_ACCEPTANCE_PAGES"
"""The environment variable of a run whose pages somebody else writes, or nobody."""


@library(scope="GLOBAL", doc_format="MARKDOWN", listener="SELF")
class Reports:
    """What a run tells beyond Robot's own log.

    With the first test the report's metadata say what is tested, and link `persistence.html`. A step that takes longer
    than two seconds is named on the console. When Robot's process ends, and output.xml is complete, the page and the
    traceability matrix are written beside it: nothing has to be asked for on the command line.
    """

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self) -> None:
        self._told = False
        self._running = StillRunning(say)

    def start_test(self, data: Any, result: Any) -> None:
        """Tells what is tested, once."""
        if self._told:
            return
        self._told = True
        builtin = BuiltIn()
        builtin.set_suite_metadata("Page", f"[{PAGE}|{PAGE}]: verdict, matrix, timelines, books", top=True)
        command = str(builtin.get_variable_value("${MIGRATOR}", "built-in"))
        for name, value in tested.facts(command, str(builtin.get_variable_value("${SEED}", ""))).items():
            builtin.set_suite_metadata(name, value, top=True)
        output = str(builtin.get_variable_value("${OUTPUT FILE}", "NONE"))
        in_pabot = builtin.get_variable_value("${PABOTQUEUEINDEX}") is not None
        if output != "NONE" and LATER not in os.environ and not in_pabot:
            # Robot's own reports are complete only when its process is about to end.
            atexit.register(_write_pages, Path(output))

    def start_library_keyword(self, data: Any, implementation: Any, result: Any) -> None:
        """Begins to watch a step."""
        self._running.begun(f"{result.owner}: {result.name}" if result.owner else result.name)

    def end_library_keyword(self, data: Any, implementation: Any, result: Any) -> None:
        """Ends it."""
        self._running.ended()


def _write_pages(output: Path) -> None:
    try:
        written = write(output)
    except UnreadableOutput as error:
        say(f"The page was not written. {error}")
        return
    say(f"Page:    {written.page}")
    for line in written.lines():
        say(line)
