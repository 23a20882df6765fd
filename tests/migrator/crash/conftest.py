"""Fixtures of the crash tests."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from harness.servers import S3Server
from tests.migrator.crash.crash_world import CrashWorld


@pytest.fixture(scope="module")
def crash_world(s3_server: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CrashWorld]:
    """A world for the crash tests of a module."""
    # SIGKILL loses nothing that is written, on whatever disk; in memory a commit costs no time.
    memory = Path("/dev/shm")
    root = (
        Path(tempfile.mkdtemp(prefix="migrator-crash-", dir=memory))
        if memory.is_dir()
        else tmp_path_factory.mktemp("crash")
    )
    with ExitStack() as steps:
        steps.callback(shutil.rmtree, root)
        world = CrashWorld(s3_server, root)
        steps.callback(world.close)
        yield world
