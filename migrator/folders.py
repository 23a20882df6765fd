"""SOURCE's three places: files move between them by renaming, and nothing is ever overwritten."""

import errno
import json
import os
import stat
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from migrator.errors import FolderRefuses, StateUnusable, UsageError
from migrator.names import LONGEST_OF_WHOLE_REASON, MAX_FILE_NAME_BYTES, REASON_SUFFIX, numbered, reason_name
from migrator.renaming import rename_exclusively
from migrator.within import leads_through_link, names_inside

DONE = "done"
FAILED = "failed"
# What a folder's owner can mend; everything else is the whole file system's.
_OF_A_FOLDER = frozenset({errno.EACCES, errno.EPERM})
_REASON_LIMIT = 1 << 20


class Folders:
    """Places below SOURCE, relative to it and with `/`.

    Args:
        root: SOURCE.
        scratch: A folder in the same file system for files that are not whole yet.
    """

    def __init__(self, root: Path, scratch: Path) -> None:
        self.root = root
        # Texts, because a Path takes longer to make than a file to rename.
        self._base = os.path.join(root, "")  # noqa: PTH118
        self._scratch = scratch
        self._claimed: set[str] = set()
        self._touched: set[str] = set()
        self._targets: dict[str, str] = {}

    def choose(self, path: str, top: str) -> str:
        """A free place for the file that arrived at `path`, below `top`; its folders are made.

        A name counts as taken also while another file is on its way there. Nothing is written at the place itself.

        Raises:
            FolderRefuses: A folder below `top` does not let it.
            StateUnusable: The folders cannot be made.
        """
        folder, _, name = path.rpartition("/")
        try:
            target = self._folder(folder, top)
            number = 1
            while True:
                place = f"{target}/{_numbered(name, number)}"
                names = [place, reason_place(place)] if top == FAILED else [place]
                if not any(name in self._claimed or os.path.lexists(self._base + name) for name in names):
                    self._claimed.update(names)
                    return place
                number += 1
        except OSError as error:
            told = f"cannot make {top}/{folder}: {error.strerror}; {path} stays where it is"
            within = str(error.filename).removeprefix(self._base).rpartition("/")[0]
            raise self._refused(error, told, within, all_of=("", top)) from error

    def release(self, place: str) -> None:
        """The place is taken now, or not wanted any more."""
        self._claimed.discard(place)
        self._claimed.discard(reason_place(place))

    def move(self, place: str, destination: str) -> None:
        """Rename a file; its bytes, mode and times stay.

        Raises:
            FileExistsError: The destination was taken in the meantime.
            FileNotFoundError: There is no file any more at `place`.
            FolderRefuses: The folder that it is in, or is to go to, does not let it.
            StateUnusable: It cannot be done, as nothing can in the whole file system.
        """
        try:
            rename_exclusively(self._base + place, self._base + destination)
        except (FileExistsError, FileNotFoundError):
            raise
        except OSError as error:
            ends = [each.rpartition("/")[0] for each in (place, destination)]
            refuses = next((each for each in ends if not os.access(self._base + each, os.W_OK | os.X_OK)), ends[0])
            told = f"cannot move {place} to {destination}: {error.strerror}"
            raise self._refused(error, told, refuses, all_of=(DONE, FAILED)) from error
        self._touched.update((place.rpartition("/")[0], destination.rpartition("/")[0]))

    def write_reason(self, destination: str, reason: dict[str, Any]) -> None:
        """Write the reason file of a failed file that goes to `destination`, durable and whole.

        Raises:
            FileExistsError: The reason's name was taken in the meantime.
            FolderRefuses: The folder that it is to be in does not let it.
            StateUnusable: It cannot be written.
        """
        draft = self._scratch / "reason"
        text = json.dumps(reason, indent=2) + "\n"
        try:
            with open(draft, "w", encoding="ascii") as file:  # noqa: PTH123 - Path.open is slower, and adds nothing
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            rename_exclusively(draft, self.root / reason_place(destination))
        except FileExistsError:
            raise
        except OSError as error:
            folder, told = destination.rpartition("/")[0], f"cannot write the reason file of {destination}"
            raise self._refused(error, f"{told}: {error.strerror}", folder, all_of=(FAILED,)) from error
        self._touched.add(destination.rpartition("/")[0])

    def remove_reason(self, place: str, path: str) -> bool:
        """Remove the reason file beside `place` if it speaks of the file that arrived at `path`."""
        reason = self.read_reason(reason_place(place))
        if reason is None or reason["path"] != path:
            return False
        (self.root / reason_place(place)).unlink(missing_ok=True)
        self._touched.add(place.rpartition("/")[0])
        return True

    def read_reason(self, place: str) -> dict[str, Any] | None:
        """What the reason file at `place` says; None where there is none that this migrator wrote."""
        file = self.root / place
        try:
            status = file.lstat()
            if not stat.S_ISREG(status.st_mode) or status.st_size > _REASON_LIMIT:
                return None
            reason = json.loads(file.read_bytes())
        except (OSError, ValueError, RecursionError):
            return None
        texts = ("path", "code", "message")
        if not isinstance(reason, dict) or not all(isinstance(reason.get(name), str) for name in texts):
            return None
        return reason if names_inside(reason["path"]) and _can_be_kept(reason) else None

    def stat(self, place: str) -> os.stat_result | None:
        """The status of the regular file at `place`; None where there is none, or a folder above it is a link.

        Raises:
            StateUnusable: The folder does not tell.
        """
        if leads_through_link(self._base, place):
            return None
        try:
            status = os.lstat(self._base + place)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise StateUnusable(f"cannot look at {place}: {error.strerror}") from error
        return status if stat.S_ISREG(status.st_mode) else None

    def flush(self) -> None:
        """Make all renames since the last call durable.

        Raises:
            StateUnusable: A folder cannot be written out.
        """
        touched, self._touched = self._touched, set()
        for folder in touched:
            try:
                handle = os.open(self.root / folder, os.O_RDONLY | os.O_DIRECTORY)
            except FileNotFoundError:
                continue
            except OSError as error:
                raise StateUnusable(f"cannot open {folder or self.root}: {error.strerror}") from error
            try:
                os.fsync(handle)
            except OSError as error:
                raise StateUnusable(f"cannot write out {folder or self.root}: {error.strerror}") from error
            finally:
                os.close(handle)

    def make_parents(self, path: str) -> None:
        """Make the folders above `path` as they are named.

        Raises:
            OSError: One of them cannot be made, or is no folder.
        """
        folder = path.rpartition("/")[0]
        if leads_through_link(self._base, path):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), folder)
        (self.root / folder).mkdir(parents=True, exist_ok=True)

    def _refused(self, error: OSError, told: str, folder: str, all_of: Collection[str]) -> StateUnusable:
        """Whom an error holds up: the files of one folder, or all, where that is one which all of them use."""
        if error.errno not in _OF_A_FOLDER:
            return StateUnusable(told)
        kind = StateUnusable if folder in all_of else FolderRefuses
        return kind(f"{told}; the migrator must be allowed to write into {self.root / folder}")

    def _folder(self, folder: str, top: str) -> str:
        """The folder below `top` that stands for `folder`; where a name is taken by a file, the next free one."""
        wanted = f"{top}/{folder}" if folder else top
        known = self._targets.get(wanted)
        if known is not None and _is_folder(self._base + known):
            return known
        self._make(top)
        target = top
        for name in folder.split("/") if folder else ():
            number = 1
            while not self._make(made := f"{target}/{_numbered(name, number)}"):
                number += 1
            target = made
        self._targets[wanted] = target
        return target

    def _make(self, place: str) -> bool:
        """Whether `place` is a folder, made where there was nothing."""
        try:
            (self.root / place).mkdir()
        except FileExistsError:
            return _is_folder(self._base + place)
        self._touched.add(place.rpartition("/")[0])
        return True


def reason_place(place: str) -> str:
    """Where the reason file of a failed file at `place` is."""
    folder, slash, name = place.rpartition("/")
    return folder + slash + reason_name(name)


def cut_reasons(places: Iterable[str]) -> dict[str, str]:
    """Reason file's place → file's place, of those files whose names are so long that the reason's name is cut.

    For such a name alone does not tell whose reason it is; there are seldom any.
    """
    return {
        reason_place(place): place
        for place in places
        if len(os.fsencode(place.rpartition("/")[2])) > LONGEST_OF_WHOLE_REASON
    }


def owner_of(reason: str) -> str | None:
    """Whose reason file's place that is, where its name was not cut; None where it is no reason file's."""
    whole = reason.removesuffix(REASON_SUFFIX)
    return whole if whole != reason and reason_place(whole) == reason else None


def check_tops(root: Path) -> None:
    """Refuse a `done` or `failed` that is no folder of its own.

    Raises:
        UsageError: It is a file, a link, or something else.
    """
    for top in (DONE, FAILED):
        try:
            mode = (root / top).lstat().st_mode
        except FileNotFoundError:
            continue
        except OSError as error:
            raise StateUnusable(f"cannot look at {root / top}: {error.strerror}") from error
        if not stat.S_ISDIR(mode):
            what = "a link" if stat.S_ISLNK(mode) else "no folder"
            raise UsageError(f"{root / top} is {what}; move it away, for the migrator makes a folder of that name")


def _can_be_kept(reason: dict[str, Any]) -> bool:
    """Whether no text of a reason has half a character, which neither a file's name nor the state can hold."""
    try:
        os.fsencode(reason["path"])
        (reason["code"] + reason["message"]).encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_folder(path: str) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ENOTDIR}:
            return False
        raise


def _numbered(name: str, number: int) -> str:
    """`name` itself, or with `~number`, cut before it where a file system could not hold it."""
    if number == 1:
        return name
    wanted = numbered(name, number)
    over = len(os.fsencode(wanted)) - MAX_FILE_NAME_BYTES
    if over <= 0:
        return wanted
    mark = f"~{number}"
    at = next(at for at in range(len(name), -1, -1) if name[:at] + mark + name[at:] == wanted)
    rest, tail = name[:at], wanted[at:]
    while rest and over > 0:
        over -= len(os.fsencode(rest[-1]))
        rest = rest[:-1]
    if rest:
        return rest + tail
    # The extension alone fills the name: number it as if it were none.
    while len(os.fsencode(name)) + len(mark) > MAX_FILE_NAME_BYTES:
        name = name[:-1]
    return name + mark
