"""How much memory may be taken for what waits; what is over it goes to the disk."""

import threading


class Budget:
    """Bytes of memory that several share, whichever threads they are in.

    Args:
        limit: Bytes.
    """

    def __init__(self, limit: int) -> None:
        self._left = limit
        self._lock = threading.Lock()

    def take(self, count: int) -> bool:
        """Reserve `count` bytes; False where they are not there."""
        with self._lock:
            if count > self._left:
                return False
            self._left -= count
            return True

    def give(self, count: int) -> None:
        """Give `count` bytes back."""
        with self._lock:
            self._left += count
