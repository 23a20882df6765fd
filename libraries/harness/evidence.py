"""What is kept of a world after its folders and its bucket are gone: the books as they were, and all logs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness import books, diary
from harness.folders import STATE_FOLDER, FileFacts, look
from harness.truth import MockFile
from harness.world import World

GATE_LOG = "gate.jsonl"
SERVER_LOG = "server.log"
TRUTH = "truth.json"
STATUS_BEFORE = "status-before.json"
STATUS = "status.json"
FOLDERS = "folders.json"
BUCKET = "bucket.json"
DIFFERENCES = "differences.json"
STATE = "state"
"""A folder: what a red scenario's migrator kept of its work, as it lay beside its source."""

_STATE_MOST = 16 << 20


def save(world: World, *, looked: bool = False) -> list[str]:
    """Writes everything that a later reader may ask for into the world's evidence folder.

    Args:
        world: Not closed yet.
        looked: The scenario ended well, so that the last look at its books will do if nothing has happened since.

    Returns:
        What could not be had, such as a listing of a server that is gone, each with its reason.
    """
    missing: list[str] = []
    steps: dict[str, Callable[[World, Path], object]] = {
        GATE_LOG: _gate_log,
        SERVER_LOG: _server_log,
        TRUTH: _truth,
        STATUS_BEFORE: _status_before,
    }
    if not looked:
        steps[STATE] = _state
    for name, step in steps.items():
        try:
            step(world, world.evidence / name)
        except Exception as error:  # noqa: BLE001 evidence never changes a result; what is missing is named
            missing.append(f"{name}: {error}")
    return [*missing, *_books(world, looked=looked)]


def _books(world: World, *, looked: bool) -> list[str]:
    """The four books and where they differ, from one look; where that is not to be had, what can be had of them."""
    if world.mock is None:
        return []
    if world.process is None:
        _write(world.evidence / FOLDERS, _facts(look(world.source)))
        return []
    try:
        found = world.books_again() if looked else world.books()
    except Exception as error:  # noqa: BLE001 as above
        return [f"the books: {error}", *_single_books(world)]
    _write(world.evidence / STATUS, asdict(found.status))
    _write(world.evidence / FOLDERS, _facts(found.folders))
    _write(world.evidence / BUCKET, [asdict(version) for version in found.versions])
    ended = not found.status.in_state(*books.UNFINISHED)
    _write(world.evidence / DIFFERENCES, [asdict(each) for each in books.all_differences(found, ended=ended)])
    return []


def _single_books(world: World) -> list[str]:
    missing = []
    looks: dict[str, Callable[[], Any]] = {
        STATUS: lambda: asdict(world.status()),
        FOLDERS: lambda: _facts(look(world.source)),
        BUCKET: lambda: [asdict(version) for version in world.bucket.versions()],
    }
    for name, see in looks.items():
        try:
            _write(world.evidence / name, see())
        except Exception as error:  # noqa: BLE001 as above
            missing.append(f"{name}: {error}")
    return missing


def _gate_log(world: World, file: Path) -> None:
    world.gate.save_log(file)
    for entry in world.gate.diary:
        diary.note(world.evidence, entry)


def _server_log(world: World, file: Path) -> None:
    container = world.server.container if world.server else None
    if container is None:
        return
    container.save_log(file, since=world.opened)
    for entry in container.diary:
        if entry.time >= world.opened:
            diary.note(world.evidence, entry)


def _state(world: World, folder: Path) -> None:
    """Copies before anybody opens it: SQLite's log and its index tell most as a kill left them."""
    kept = sorted(path for path in (world.source / STATE_FOLDER).glob("*") if path.is_file() and not path.is_symlink())
    room = _STATE_MOST
    for path in kept:
        room -= path.stat().st_size
        if room < 0:
            raise ValueError(f"{path.name} is left out, as all of it would be over {_STATE_MOST >> 20} MiB")
        folder.mkdir(exist_ok=True)
        shutil.copyfile(path, folder / path.name)


def _truth(world: World, file: Path) -> None:
    if world.mock is not None:
        _write(file, [_told(each, world.under) for each in world.mock.files])


def _told(file: MockFile, under: str) -> dict[str, object]:
    return {
        "path": file.path,
        "kind": file.kind,
        "format": file.format,
        "size": file.size,
        "sha256": file.sha256,
        "state": file.state.value,
        "codes": sorted(file.codes),
        "keys": [f"{under}{each.key}" for each in file.objects],
    }


def _status_before(world: World, file: Path) -> None:
    if world.before is not None:
        _write(file, asdict(world.before.status))


def _facts(folders: Mapping[str, FileFacts]) -> dict[str, object]:
    return {path: asdict(each) for path, each in folders.items()}


def _write(file: Path, content: object) -> None:
    # Names that are no UTF-8 stay readable as escapes.
    file.write_text(json.dumps(content, indent=1, default=str), encoding="ascii")
