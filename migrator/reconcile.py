"""What a run does first: open the state, and heal what a killed run left between two steps."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

from migrator import state_check, state_schema
from migrator.entries import Entry, FileState, now
from migrator.errors import StateUnusable
from migrator.folders import Folders
from migrator.lock import FOLDER, SCRATCH
from migrator.logs import fields, log
from migrator.state import LISTING, State
from migrator.state_aside import ASIDE_MARK, set_aside
from migrator.state_errors import StateUnreadable

RESERVE_BYTES = 256 << 10


def open_state(path: Path) -> State:
    """The state, set aside and begun anew where it cannot be read.

    Raises:
        StateUnusable: It can be neither read nor written, for a reason that is not its own.
    """
    state_schema.remove_drafts(path)
    if state_schema.exists(path):
        try:
            state_check.check(path)
        except StateUnreadable as error:
            aside = set_aside(path)
            log.warning(
                "the state %s cannot be used: %s; it is set aside as %s and rebuilt from folders and bucket",
                path,
                error,
                aside,
                extra=fields(state=str(path), set_aside=str(aside)),
            )
    fresh = not state_schema.exists(path)
    if fresh:
        state_schema.create(path)
    state = State(path)
    if fresh:
        with state.transaction():
            state.mark(LISTING, stands=True)
    return state


def clear_scratch(root: Path) -> Path:
    """Remove what a killed run left in the scratch folder, and make it anew.

    A reserve is taken in it, which is given back with it: where the disk becomes full, there is still room to record
    that what was in progress is pending.

    Raises:
        StateUnusable: SOURCE cannot be written, or there is no room.
    """
    scratch = root / FOLDER / SCRATCH
    remove_scratch(root)
    try:
        scratch.mkdir(parents=True)
        with (scratch / "reserve").open("wb") as reserve:
            os.posix_fallocate(reserve.fileno(), 0, RESERVE_BYTES)
    except OSError as error:
        raise StateUnusable(
            f"cannot write scratch files in {scratch}: {error.strerror}; SOURCE must be writable, with room to work"
        ) from error
    return scratch


def remove_scratch(root: Path) -> None:
    """Remove the scratch folder; what resists is told by the next run."""
    shutil.rmtree(root / FOLDER / SCRATCH, ignore_errors=True)


def own_files(root: Path, state_path: Path) -> frozenset[str]:
    """The state's files, drafts among them, as paths relative to SOURCE, where they lie in it."""
    try:
        folder = state_path.parent.resolve().relative_to(root.resolve())
    except ValueError:
        return frozenset()
    prefix = "" if folder == Path() else f"{folder.as_posix()}/"
    name = state_path.name
    own = {f"{prefix}{name}{suffix}" for suffix in state_schema.OWN}
    # Before the first run there is no such folder.
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(state_path.parent) as entries:
        own.update(prefix + entry.name for entry in entries if entry.name.startswith(name + ASIDE_MARK))
    return frozenset(own)


def settle_moves(state: State, folders: Folders) -> None:
    """End the moves that a killed run had begun, or undo them."""
    moving = state.moving()
    for entry in moving:
        _settle(state, folders, entry)
    with state.transaction():
        state.all_to_pending()


def _settle(state: State, folders: Folders, entry: Entry) -> None:
    here = folders.stat(entry.place) if entry.place else None
    there = folders.stat(entry.destination) if entry.destination else None
    if here and there and os.path.samestat(here, there) and entry.place:
        # A rename by link and unlink was cut between the two.
        (folders.root / entry.place).unlink()
        here = None
    arrived_there = there is not None and here is None and there.st_size == entry.size
    retried = entry.state is FileState.FAILED
    if arrived_there and retried and entry.place:
        folders.remove_reason(entry.place, entry.path)
        with state.transaction():
            state.to_pending(entry.id, keep_intents=False)
            state.finish(entry.id, FileState.PENDING, entry.destination, None)
    elif arrived_there and entry.destination:
        failed = entry.error_code is not None
        with state.transaction():
            state.finish(entry.id, FileState.FAILED if failed else FileState.DONE, entry.destination, now())
    else:
        if not retried and entry.error_code is not None and entry.destination:
            folders.remove_reason(entry.destination, entry.path)
        with state.transaction():
            state.redirect(entry.id, None)
            if not retried:
                state.to_pending(entry.id, keep_intents=True)
