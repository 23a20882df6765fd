"""What a run does first: hold the state against the folders, and heal what a killed run left between two steps."""

import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from migrator import state_check, state_schema
from migrator.entries import Entry, FileState, NewFile, now
from migrator.errors import StateUnusable
from migrator.folders import DONE, FAILED, Folders, reason_place
from migrator.inventory import arrived, put_away
from migrator.lock import FOLDER, SCRATCH
from migrator.logs import fields, log
from migrator.state import LISTING, State
from migrator.state_aside import ASIDE_MARK, set_aside
from migrator.state_errors import StateUnreadable

_BATCH = 20_000
RESERVE_BYTES = 256 << 10


@dataclass
class Survey:
    """What the walk through SOURCE found.

    Attributes:
        unknown_done: Places in `done/` that the state knows nothing of.
        unknown_failed: Places in `failed/`, reason files among them, likewise.
        missing: Path → id of the files that should be pending and are not where they arrived.
        unreadable: Folders and files that could not be looked at, with the reason.
    """

    unknown_done: list[str] = field(default_factory=list)
    unknown_failed: list[str] = field(default_factory=list)
    missing: dict[str, int] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)

    def trouble(self, path: str, error: OSError) -> None:
        """Note what could not be looked at."""
        self.unreadable[path] = error.strerror or str(error)


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
    """The state's files, as paths relative to SOURCE, where they lie in it."""
    try:
        folder = state_path.parent.resolve().relative_to(root.resolve())
    except ValueError:
        return frozenset()
    prefix = "" if folder == Path() else f"{folder.as_posix()}/"
    name = state_path.name
    own = {f"{prefix}{name}{suffix}" for suffix in ("", *state_schema.COMPANIONS)}
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


def survey(state: State, folders: Folders, own: Collection[str]) -> Survey:
    """Walk through SOURCE: enter what arrived, forget what a user took out of `failed/`, tell what is unknown.

    All that arrived stands durable in the state afterwards.
    """
    found = Survey()
    waiting = {entry.place: entry for entry in state.open_entries() if entry.place is not None}
    at = now()
    for batch in _batches(arrived(folders.root, own, found.trouble)):
        with state.transaction():
            new: list[NewFile] = []
            for file in batch:
                known = waiting.pop(file.path, None)
                if known is None:
                    new.append(file)
                elif (known.size, known.mtime_ns) != (file.size, file.mtime_ns):
                    state.resize(known.id, file.size, file.mtime_ns)
            state.add_pending(new, at)
    found.missing = {entry.path: entry.id for entry in waiting.values()}
    _survey_put_away(state, folders, found)
    return found


def _survey_put_away(state: State, folders: Folders, found: Survey) -> None:
    foreign = state.foreign()
    known = state.done_places()
    for place in put_away(folders.root, DONE, found.trouble):
        if place not in known and not _same_foreign(folders, foreign, place):
            found.unknown_done.append(place)
    failed = {entry.place: entry for entry in state.failed() if entry.place is not None}
    gone = [entry for entry in state.failed() if entry.place is None]
    reasons = {reason_place(place) for place in failed}
    for place in put_away(folders.root, FAILED, found.trouble):
        if failed.pop(place, None) is None and place not in reasons and not _same_foreign(folders, foreign, place):
            found.unknown_failed.append(place)
    if not any(path.split("/")[0] == FAILED for path in found.unreadable):
        gone.extend(failed.values())
    if gone or foreign:
        _forget(state, folders, gone, foreign)


def _forget(state: State, folders: Folders, gone: list[Entry], foreign: Collection[str]) -> None:
    # Before they are forgotten: nobody would know whose reason files they are.
    for entry in gone:
        if entry.place is not None:
            folders.remove_reason(entry.place, entry.path)
    with state.transaction():
        for entry in gone:
            state.forget(entry.id)
        # What is left here is not there any more, or has changed.
        for place in foreign:
            state.forget_foreign(place)


def _same_foreign(folders: Folders, foreign: dict[str, tuple[int, int]], place: str) -> bool:
    """Whether the file is the foreign one that was looked at before; then it is taken out of `foreign`."""
    if place not in foreign:
        return False
    status = folders.stat(place)
    if status is None or (status.st_size, status.st_mtime_ns) != foreign[place]:
        return False
    del foreign[place]
    return True


def _batches(files: Iterator[NewFile]) -> Iterator[list[NewFile]]:
    while batch := list(islice(files, _BATCH)):
        yield batch
