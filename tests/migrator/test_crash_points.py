"""A run that is killed at each of its durable steps, one by one, is healed by the next.

Every third step in a short run; all of them where TEST_LONG is set.
"""

import json
import os
import shutil
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from migrator import folders, logs
from migrator.cli import main
from migrator.state import State
from tests.migrator.fakes import FakeBucket, install

KILLED = 99
EVERY_STEP = bool(os.environ.get("TEST_LONG"))
FILES = {"a/one.csv": "1", "two.sql": "t u", "bad.csv": "bad", "again.csv": "again", "taken.csv": "other"}


class Steps:
    """Counts the durable steps of all threads, and ends the process at one of them as a SIGKILL would.

    Args:
        last: The step; 0 for none.
        whole: Held by a thread in the midst of what is one step.
    """

    def __init__(self, last: int, whole: AbstractContextManager[Any]) -> None:
        self.last, self.count = last, 0
        self._whole = whole

    def step(self) -> None:
        with self._whole:
            self.count += 1
            if self.count == self.last:
                os._exit(KILLED)


def instrument(monkeypatch, bucket: FakeBucket, steps: Steps) -> None:
    transaction, rename = State.transaction, folders.rename_exclusively

    @contextmanager
    def counted(self):
        with transaction(self):
            before = self._db.total_changes
            yield
            changed = self._db.total_changes != before
            if changed:
                steps.step()
        if changed:
            steps.step()

    def counted_rename(old: Path, new: Path) -> None:
        steps.step()
        rename(old, new)
        steps.step()

    monkeypatch.setattr(State, "transaction", counted)
    monkeypatch.setattr(folders, "rename_exclusively", counted_rename)
    bucket.before = lambda what, key: steps.step() if what in {"put", "take_back"} else None
    bucket.after = lambda what, key: steps.step()


def run(root: Path, workers: int, last: int = 0) -> tuple[int, int]:
    """Exit code and number of steps of a run in a process of its own."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            bucket = FakeBucket(root.parent / "bucket")
            steps = Steps(last, bucket.whole)
            with pytest.MonkeyPatch.context() as patch:
                install(patch, bucket)
                instrument(patch, bucket, steps)
                patch.setattr(logs, "set_up", lambda log_format: None)
                logs.log.handlers[:] = []
                logs.log.propagate = False
                code = main(["run", str(root), "s3://bucket/lake", "--workers", str(workers)])
            os.write(writing, str(steps.count).encode())
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read()
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return code, int(told or 0)


def make(root: Path) -> None:
    """A source whose `again.csv` and `taken.csv` were done before, and came again."""
    root.mkdir(parents=True)
    for path, text in (("again.csv", "again"), ("taken.csv", "first")):
        (root / path).write_text(text)
    assert run(root, 1)[0] == 0
    for path, text in FILES.items():
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_text(text)


def result(root: Path, capsys) -> dict:
    capsys.readouterr()
    assert main(["status", str(root), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    places = sorted(
        str(file.relative_to(root)) for file in root.rglob("*") if file.is_file() and ".migrator" not in file.parts
    )
    bucket = FakeBucket(root.parent / "bucket")
    return {
        "places": places,
        "states": sorted(
            (file["path"], file["place"], file["state"], len(file["objects"]), (file["error"] or {}).get("code"))
            for file in told["files"]
        ),
        "keys": bucket.held(),
        "puts": sorted((key, bucket.puts(key)) for key in bucket.held()),
        "kept": sorted(file.name for file in (root / ".migrator").iterdir()),
    }


# With one worker the n-th step is the same step in every run, so that none is left out; with more, steps of several
# files stand between each other, another way each time.
@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("state_survives", [True, False])
def test_every_crash_point_heals(tmp_path, capsys, state_survives, workers):
    model = tmp_path / "model" / "source"
    make(model)
    start = tmp_path / "start"
    shutil.copytree(model.parent, start)
    code, steps = run(model, workers)
    assert code == 3
    assert steps > 20
    expected = result(model, capsys)
    assert dict(expected["puts"])["lake/two.sql/t.parquet"] == 1
    for last in range(1, steps + 1, 1 if EVERY_STEP else 3):
        root = tmp_path / f"at-{last}" / "source"
        shutil.copytree(start, root.parent)
        killed, _ = run(root, workers, last)
        assert killed in {KILLED, 3}, last
        if not state_survives:
            for file in (root / ".migrator").glob("state*"):
                file.unlink()
        assert run(root, workers)[0] == 3, last
        assert result(root, capsys) == expected, f"killed at step {last}"
        shutil.rmtree(root.parent)
