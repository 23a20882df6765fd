"""A rename that never overwrites, without a moment in which the file is nowhere."""

import ctypes
import errno
import os
from pathlib import Path

_AT_FDCWD = -100
_NO_REPLACE = 1
_UNSUPPORTED = frozenset({errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP})
_NO_HARD_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})

_renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)


def rename_exclusively(old: Path | str, new: Path | str) -> None:
    """Rename `old` to `new`, which must not exist.

    Linux' renameat2(2) with RENAME_NOREPLACE where the file system knows it, else a hard link and an unlink.

    Raises:
        FileExistsError: Something stands at `new`.
        OSError: As rename(2) says.
    """
    if _renameat2 is None:
        _link_and_unlink(old, new)
        return
    if _renameat2(_AT_FDCWD, os.fsencode(old), _AT_FDCWD, os.fsencode(new), _NO_REPLACE) == 0:
        return
    code = ctypes.get_errno()
    if code not in _UNSUPPORTED:
        raise OSError(code, os.strerror(code), str(old), None, str(new))
    _link_and_unlink(old, new)


def _link_and_unlink(old: Path | str, new: Path | str) -> None:
    try:
        os.link(old, new, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        if os.path.lexists(new):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(new)) from error
        os.rename(old, new)  # noqa: PTH104 - a path may be a text here
        return
    os.unlink(old)  # noqa: PTH108 - a path may be a text here
