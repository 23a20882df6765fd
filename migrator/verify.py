"""The command `verify`: folder, state and bucket held against each other, read only."""

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from migrator import state_schema
from migrator.entries import Intent
from migrator.errors import ExitCode, StateUnusable
from migrator.folders import DONE, FAILED, Folders, reason_place
from migrator.inventory import arrived, put_away
from migrator.options import Options
from migrator.reconcile import own_files
from migrator.state_errors import StateUnreadable
from migrator.state_reader import view
from migrator.target import Target, TargetSettings
from migrator.verify_differences import OPEN, Known, differences
from migrator.verify_pending import PendingObjects
from migrator.work import sha256_of


class _Source:
    """The tree on disk."""

    def __init__(self, root: Path, state: Path) -> None:
        self._root = root
        self._state = state
        self._folders = Folders(root, root)

    def size(self, place: str) -> int | None:
        found = self._folders.stat(place)
        return None if found is None else found.st_size

    def sha256(self, place: str) -> str | None:
        try:
            return sha256_of(self._root / place)
        except OSError:
            return None

    def same(self, place: str, other: str) -> bool:
        one, two = self._folders.stat(place), self._folders.stat(other)
        return one is not None and two is not None and os.path.samestat(one, two)

    def reason_of(self, place: str) -> str | None:
        reason = self._folders.read_reason(reason_place(place))
        return None if reason is None else str(reason["path"])

    def put_away(self) -> Iterator[str]:
        for top in (DONE, FAILED):
            yield from put_away(self._root, top, _unreadable)

    def arrivals(self) -> Iterator[str]:
        own = own_files(self._root, self._state) if self._state.parent.is_dir() else frozenset[str]()
        for file in arrived(self._root, own, _unreadable):
            yield file.path


def verify(given: Options) -> int:
    """Print every difference.

    Returns:
        0 where there is none, else 3.

    Raises:
        Blocked: State, folder or target cannot be read.
    """
    known, intents = _known(given.state)
    tree = _Source(given.source, given.state)
    # Nothing is staged here, so the scratch folder is never written.
    target = Target(given.address, TargetSettings(given.source, given.endpoint_url, given.retry_for))
    bucket = {listed.key: listed for listed in target.listing(given.address.under)}
    waiting = {entry.place for entry, _ in known if entry.state in OPEN and entry.place is not None}
    places = {entry.place for entry, _ in known}
    waiting.update(place for place in tree.arrivals() if place not in places)
    pending = PendingObjects(target, given.address.prefix, waiting, tree.sha256, intents)
    found = list(differences(known, bucket, tree, pending))
    if given.json:
        sys.stdout.write(json.dumps({"differences": [asdict(each) for each in found]}, indent=2) + "\n")
    else:
        for each in found:
            shown = _shown(each.path if each.path is not None else each.key or "")
            sys.stdout.write(f"{each.difference.value:<14} {shown}: {_shown(each.detail)}\n")
        sys.stdout.write(f"{len(found)} differences between folder, state and bucket\n")
    sys.stdout.flush()
    return ExitCode.FAILED_FILES if found else ExitCode.DONE


def _known(path: Path) -> tuple[list[Known], list[tuple[str, Intent]]]:
    if not state_schema.exists(path):
        return [], []
    try:
        return view(path, lambda opened: (list(opened.entries()), opened.intents()))
    except StateUnreadable as error:
        raise StateUnusable(f"the state {path} cannot be used: {error}; `recover` rebuilds it") from error


def _unreadable(path: str, error: OSError) -> None:
    raise StateUnusable(f"cannot read {path}: {error.strerror}; it must be readable to be verified") from error


def _shown(text: str) -> str:
    printable = "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
    encoding = sys.stdout.encoding or "utf-8"
    return printable.encode(encoding, errors="backslashreplace").decode(encoding)
