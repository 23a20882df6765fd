"""When to try the fast way over rows, and on how much text, so that trying in vain costs little."""

from migrator.formats.sql_window import Window

SMALLEST_PIECE = 4 << 10
LARGEST_PIECE = 1 << 20
_BYTES_A_COLUMN = 4 << 10
_WIDEST_PIECE = 4 << 20
_LONGEST_PAUSE = 1 << 12


class Pace:
    """Pieces grow while whole pieces are taken, and pauses of single rows grow while they are not."""

    def __init__(self) -> None:
        self._piece = SMALLEST_PIECE
        self._pause = 1
        self._paused = 0

    def next_piece(self, window: Window, width: int) -> int:
        """How much text from the window's position on to try for rows of so many values.

        0 where the next row is better read by itself.
        """
        if self._paused:
            self._paused -= 1
            return 0
        size = self._piece
        if size == LARGEST_PIECE:
            # Each column costs something however few rows there are.
            size = min(max(size, width * _BYTES_A_COLUMN), _WIDEST_PIECE)
        window.has(size)
        return size

    def took(self, size: int, piece: int) -> None:
        """Tell how much of a piece was taken."""
        if 2 * size > piece:
            self._pause = 1
            if piece >= self._piece:
                self._piece = min(4 * self._piece, LARGEST_PIECE)
        else:
            self._piece = max(SMALLEST_PIECE, min(self._piece, size))
            self._paused = self._pause
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)
