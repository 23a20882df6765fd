"""Memory that is freed and taken again for each block of rows stays with the process."""

import ctypes
import functools
import platform

# Parameters of glibc's `mallopt` (mallopt(3)).
_TRIM_THRESHOLD = -1
_MMAP_THRESHOLD = -3
_KEPT_BYTES = 32 << 20
_LARGEST_KEPT_BYTES = 8 << 20


@functools.cache
def keep_freed_memory() -> None:
    """Keep up to 32 MiB of what is freed.

    By default glibc gives arrays of the size of a block back to the system one by one, and the system clears each page
    again when it is taken the next time, which costs more than all the work on a block. Elsewhere this does nothing.
    """
    if platform.libc_ver()[0] == "glibc":
        library = ctypes.CDLL(None)
        library.mallopt(_TRIM_THRESHOLD, _KEPT_BYTES)
        library.mallopt(_MMAP_THRESHOLD, _LARGEST_KEPT_BYTES)
