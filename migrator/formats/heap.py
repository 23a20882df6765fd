"""Memory that is freed stays in the process for a while, where a format frees and asks for as much with every block."""

import numpy as np

_KEPT = 31 << 20


def keep_freed_memory() -> None:
    """Have freed memory given back to the system by tens of MiB, not by each array.

    Otherwise each array of a block is made of new pages, which costs more than what is computed in it. The C library
    (glibc: mallopt(3), "dynamic mmap threshold") learns from a big piece that is freed, up to 32 MiB, that as much will
    be wanted again; the piece is never touched. Other C libraries learn nothing, and do no worse.
    """
    np.empty(_KEPT, np.uint8)
