"""Makes `.venv` from the pinned requirements; runs on a bare Python 3.11 or newer, with nothing else installed.

Usage: python3 scripts/bootstrap.py run|dev|bench
    run: what `robot acceptance/` needs; dev: also what only tests need; bench: the peers of the benchmarks.

A second call with unchanged requirements does nothing. An interrupted call leaves no stamp, so the next one goes on.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
REQUIREMENTS = {
    "run": ("requirements.txt",),
    "dev": ("requirements.txt", "requirements-dev.txt"),
    "bench": ("requirements.txt", "requirements-bench.txt"),
}
# What satisfies a call: whoever has the tools of development has those of a run too.
STAMPS = {"run": ("run", "dev", "bench"), "dev": ("dev",), "bench": ("bench",)}
# Every package is in the file, so none has to be looked for; one asks for an older version of what the others need.
WITHOUT_DEPENDENCIES = {"bench"}


class CannotSetUp(Exception):
    """The virtual environment cannot be made; the message says what helps."""


def main(arguments: list[str]) -> int:
    """Makes the virtual environment and returns the exit code."""
    if len(arguments) != 1 or arguments[0] not in REQUIREMENTS:
        say(f"usage: python3 {Path(__file__).name} run|dev|bench")
        return 2
    needs = arguments[0]
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        # Two calls at once must not install into each other's hands.
        fcntl.flock(folder, fcntl.LOCK_EX)
        if not any(is_current(satisfying) for satisfying in STAMPS[needs]):
            set_up(needs)
    except CannotSetUp as error:
        say(f"The virtual environment cannot be made: {error}")
        return 1
    finally:
        os.close(folder)
    return 0


def set_up(needs: str) -> None:
    """Makes the virtual environment if it is missing or broken, and installs into it."""
    begun = time.monotonic()
    if not works(PYTHON):
        make_venv()
    files = [argument for name in REQUIREMENTS[needs] for argument in ("-r", str(ROOT / name))]
    say(f"Installing the pinned packages of {' and '.join(REQUIREMENTS[needs])} into .venv (about a minute) …")
    alone = ["--no-deps"] if needs in WITHOUT_DEPENDENCIES else []
    run([str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", *alone, *files])
    stamp(needs).write_text(wanted(needs), encoding="ascii")
    say(f".venv is ready after {time.monotonic() - begun:.0f} s.")


def make_venv() -> None:
    """Makes an empty virtual environment with pip in it, by whichever tool this machine has."""
    version = ".".join(map(str, sys.version_info[:3]))
    say(f"Making the virtual environment .venv with Python {version} …")
    if VENV.exists():
        shutil.rmtree(VENV)
    if importlib.util.find_spec("ensurepip") is None:
        if shutil.which("uv"):
            run(["uv", "venv", "--seed", "--python", sys.executable, str(VENV)])
            return
        install_venv_module()
    run([sys.executable, "-m", "venv", str(VENV)])


def install_venv_module() -> None:
    """Installs the module that Debian and Ubuntu leave out of Python, as root.

    Raises:
        CannotSetUp: This is not root, or another system.
    """
    package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise CannotSetUp(f"Python's module venv is not installed; `sudo apt-get install {package}` installs it")
    say(f"Python's module venv is missing; installing {package} with apt-get …")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run(["apt-get", "-q", "update"], environment)
    run(["apt-get", "-q", "install", "--yes", "--no-install-recommends", package], environment)


def wanted(needs: str) -> str:
    """Returns what the stamp must hold: the requirements' content and the Python that they are for."""
    told = hashlib.sha256(str(sys.version_info[:2]).encode())
    for name in REQUIREMENTS[needs]:
        told.update((ROOT / name).read_bytes())
    return told.hexdigest()


def stamp(needs: str) -> Path:
    """Returns the file that says which requirements are installed."""
    return VENV / f".installed-{needs}"


def is_current(needs: str) -> bool:
    """Returns whether these requirements are installed already."""
    file = stamp(needs)
    return file.is_file() and file.read_text(encoding="ascii") == wanted(needs) and PYTHON.exists()


def works(python: Path) -> bool:
    """Returns whether this Python can be started, has pip, and is new enough."""
    check = "import pip, sys; sys.exit(sys.version_info < (3, 11))"
    try:
        return subprocess.run([python, "-c", check], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def run(command: list[str], environment: dict[str, str] | None = None) -> None:
    """Runs a command, its output shown.

    Raises:
        CannotSetUp: It failed.
    """
    told = subprocess.run(command, env=environment, check=False)
    if told.returncode != 0:
        raise CannotSetUp(f"`{' '.join(command)}` ended with code {told.returncode}; its own words stand above")


def say(line: str) -> None:
    """Writes a line to the terminal."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
