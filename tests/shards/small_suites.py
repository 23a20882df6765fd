"""Small suites that need no server, and Robot or the shards run over them as a user would."""

import os
import subprocess
import sys
from pathlib import Path

from robot.api import ExecutionResult

ROOT = Path(__file__).resolve().parents[2]
SHARDS = ROOT / "libraries" / "shards"
LIMIT = 300

LIBRARY = """
import os, signal, threading
from pathlib import Path

def note(name):
    with open(os.environ["NOTES"], "a") as notes:
        notes.write(f"{name} {os.getpid()}\\n")

def send_myself(name):
    os.kill(os.getpid(), getattr(signal, name))
    threading.Event().wait(60)

def wait_for_a_signal():
    note("waiting")
    threading.Event().wait(60)

def wait_until_noted(name):
    while name not in Path(os.environ["NOTES"]).read_text():
        threading.Event().wait(0.01)
"""

HEAD = """*** Settings ***
Library    {library}
Suite Setup    Note    set-up
Suite Teardown    Note    clean-up

*** Test Cases ***
"""


def write(folder, **suites):
    """Suites as files; a name with `__` in it lies in a folder. Tests are given as text."""
    source = folder / "suites"
    library = folder / "small.py"
    source.mkdir()
    library.write_text(LIBRARY)
    for name, tests in suites.items():
        file = source.joinpath(*f"{name}.robot".split("__"))
        file.parent.mkdir(exist_ok=True)
        file.write_text(HEAD.format(library=library) + tests)
    return source


def start(source, *arguments, processes=2):
    """The shards, or Robot itself for one process, as a process."""
    output = source.parent / f"results-{processes}"
    program = [str(SHARDS)] if processes > 1 else ["-m", "robot"]
    settings = {"NOTES": str(source.parent / "notes.txt"), "PROCESSES": str(processes), "PYTHONDONTWRITEBYTECODE": "1"}
    (source.parent / "notes.txt").touch()
    given = ["--outputdir", str(output), "--variable", "S3_SERVER:external", *arguments, str(source)]
    process = subprocess.Popen(
        [sys.executable, *program, *given],
        env={**os.environ, **settings},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return process, output


def run(source, *arguments, processes=2):
    """Its exit code, the folder of its results, and what it said."""
    process, output = start(source, *arguments, processes=processes)
    try:
        said = process.communicate(timeout=LIMIT)[0]
    finally:
        # Its shards end when it does.
        process.kill()
    return process.returncode, output, said


def notes(source):
    """Name and process id of every note that was made."""
    return [line.split() for line in (source.parent / "notes.txt").read_text().splitlines()]


def found_in(output):
    """The tests of an output.xml in its order."""
    return list(ExecutionResult(str(output / "output.xml")).suite.all_tests)
