"""Keywords that open a scenario's world and close it, its evidence saved first."""

import secrets
import shutil
from html import escape
from pathlib import Path
from urllib.parse import quote

from robot.api import logger
from robot.api.deco import keyword, library
from robot.libraries.BuiltIn import BuiltIn

from harness import evidence
from harness.servers import S3Server
from harness.world import World


@library(scope="GLOBAL", doc_format="MARKDOWN")
class Worlds:
    """A scenario's own folders, bucket and gate, on the server that the environment shares."""

    def __init__(self) -> None:
        self._open: list[World] = []

    @keyword
    def open_world(self, name: str, migrator: str, server: S3Server, folder: Path) -> World:
        """Make folders, a versioned bucket and a gate for one scenario.

        Args:
            name: What it is called in evidence: "the source", "the twin".
            migrator: The command of the migrator under test, or "built-in".
            server: The S3 server, ready.
            folder: The run's folder; the world gets one of its own in it.
        """
        test = _file_name(str(BuiltIn().get_variable_value("${TEST NAME}")))
        kept = Path(str(BuiltIn().get_variable_value("${OUTPUT DIR}"))) / "evidence" / test / _file_name(name)
        # What an earlier run kept under the same name would be taken for evidence of this one.
        shutil.rmtree(kept, ignore_errors=True)
        world = World.open(name, folder / secrets.token_hex(4), kept, server, migrator)
        self._open.append(world)
        return world

    @keyword
    def close_worlds(self) -> None:
        """Save the evidence of every open world, link it in the log, and remove folders and buckets.

        Evidence that cannot be had (the server is gone) is named in the log; it never changes a result, and removal
        goes on. The first error of a removal is raised when all were tried.
        """
        errors: list[BaseException] = []
        passed = BuiltIn().get_variable_value("${TEST STATUS}") == "PASS"
        while self._open:
            world = self._open.pop()
            _save_evidence(world, looked=passed)
            try:
                world.close()
            except Exception as error:  # noqa: BLE001 the other worlds must be removed too; it is raised below
                errors.append(error)
        if errors:
            raise errors[0]


def _save_evidence(world: World, *, looked: bool) -> None:
    missing = evidence.save(world, looked=looked)
    links = "".join(
        f'<li><a href="{world.evidence_link}/{quote(file.name)}">{escape(file.name)}</a></li>'
        for file in sorted(world.evidence.iterdir())
    )
    logger.info(f"<b>Evidence of {escape(world.name)}</b><ul>{links}</ul>", html=True)
    if missing:
        logger.info("Evidence that could not be had: " + "; ".join(missing))


def _file_name(text: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-." else "_" for letter in text)
