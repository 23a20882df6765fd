"""Permissions of files that bind whoever starts the migrator, root too."""

import shutil
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

from harness.patience import patient
from harness.problems import EnvironmentFault, Problem
from harness.process import Launch

NOBODYS = 0o000
"""The mode of a file that nobody may read."""
# By these two root reads and writes whatever it likes; without them it is bound by modes like everybody.
_RIGHTS_OF_ROOT = "-dac_override,-dac_read_search"
_AT_ONCE = patient(60).total_seconds()


def bound(launch: Launch) -> Launch:
    """The same launch, whose processes are bound by the modes of files.

    Raises:
        EnvironmentFault: They cannot be.
    """
    with tempfile.NamedTemporaryFile() as probe:
        Path(probe.name).chmod(NOBODYS)
        if not _may_read(probe.name):
            return launch
        setpriv = shutil.which("setpriv")
        words = (setpriv or "setpriv", f"--inh-caps={_RIGHTS_OF_ROOT}", f"--bounding-set={_RIGHTS_OF_ROOT}")
        if setpriv is None or _may_read(probe.name, *words):
            raise EnvironmentFault(
                Problem.OTHER,
                "this user may read every file, whatever its mode, and nothing takes that right from a process; "
                "setpriv of util-linux does, or start the suite as an ordinary user",
            )
    return replace(launch, words=(*words, *launch.words))


def _may_read(file: str, *words: str) -> bool:
    """Whether a process that is started so may read the file."""
    told = subprocess.run(
        [*words, "cat", file],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        timeout=_AT_ONCE,
        check=False,
    )
    return told.returncode == 0
