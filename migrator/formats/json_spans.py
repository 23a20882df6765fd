"""Where the values stand in a block of records: found for all records at once, by a template that they have.

Positions are byte offsets in the block, one for each record, ascending.
"""

import re
from typing import Any, TypeAlias, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from migrator.formats.json_template import Template, Unlike, template_of

Positions: TypeAlias = npt.NDArray[np.int64]
Mask: TypeAlias = npt.NDArray[np.bool_]
Signs: TypeAlias = npt.NDArray[np.uint8]

_QUOTE, _BACKSLASH, _OPENING, _NEWLINE = b'"\\{\n'
BYTES_AN_ESCAPE = 512
_BETWEEN = {
    True: re.compile(rb"[ \t\r\n]*,[ \t\r\n]*(?={)"),
    False: re.compile(rb"[ \t\r]*\n[ \t\r\n]*(?={)"),
}


class Block:
    """Records side by side, and what can be said of their bytes without reading them.

    Args:
        text: The records; no white space before or behind them.
        commas: Whether a comma stands between each two, with or without white space, else a line end.

    Raises:
        Unlike: where they are not told apart by the same bytes, or hold more than a few escapes, whose reading costs
            more than is gained.
    """

    def __init__(self, text: bytes, *, commas: bool) -> None:
        self.text = text
        self.buffer = pa.py_buffer(text)
        self.signs: Signs = np.frombuffer(text, np.uint8)
        self.backslashes: Positions = np.zeros(0, np.int64)
        unescaped = self.signs
        if b"\\" in text:
            self.backslashes = np.flatnonzero(self.signs == _BACKSLASH)
            if len(self.backslashes) * BYTES_AN_ESCAPE > len(text):
                raise Unlike
            # A pair that begins with a backslash is no mark; a backslash itself goes first: `\\"` ends a string.
            unescaped = np.frombuffer(text.replace(rb"\\", b"  ").replace(rb"\"", b"  "), np.uint8)
        self.quotes: Positions = np.flatnonzero(unescaped == _QUOTE)
        self._commas = commas
        self.first, end = self.template(0)
        between = _BETWEEN[commas].match(text, end)
        self._between = between[0] if between else b""
        if not between and end < len(text):
            raise Unlike
        self.uniform = True
        """Whether every record has as many quotation marks as the first."""
        starts = self._starts_by_quotes()
        if starts is None:
            starts = self._starts_by_heads() if commas else self._starts_by_lines()
            self.uniform = False
        self.starts = starts
        self.ends: Positions = np.append(starts[1:] - len(self._between), len(text))
        self.rows = len(starts)

    def template(self, start: int) -> tuple[Template, int]:
        """The template of the record that starts there, and where it ends.

        Raises:
            Unlike: where there is none; or it goes over several lines, and a line end separates records.
        """
        template, end = template_of(self.text, start)
        if template.lines and not self._commas:
            raise Unlike
        return template, end

    def firsts(self) -> Positions:
        """Which of all quotation marks is each record's first, and their number."""
        return np.append(np.searchsorted(self.quotes, self.starts), len(self.quotes))

    def _starts_by_quotes(self) -> Positions | None:
        """Where the records start if all have as many quotation marks as the first."""
        if len(self.quotes) % self.first.quotes:
            return None
        starts = self.quotes[:: self.first.quotes] - self.first.pieces[0].lead
        return starts if self._are_separated(starts) else None

    def _are_separated(self, starts: Positions) -> bool:
        return _all_are(self.text, starts[1:] - len(self._between), self._between)

    def _starts_by_lines(self) -> Positions:
        """Where the records start if each stands on one line."""
        starts = np.append(0, np.flatnonzero(self.signs == _NEWLINE) + 1)
        if not self._are_separated(starts):
            raise Unlike
        return starts

    def _starts_by_heads(self) -> Positions:
        """Where the records start if what separates them (if need be with the first key) stands nowhere else."""
        piece = self.first.pieces[0]
        head = piece.text[: piece.lead + 1]
        if any(b"}" + self._between + head in piece.text for piece in self.first.pieces):
            head = piece.text[: piece.text.find(b'"', piece.lead + 1) + 1]
        opening = np.flatnonzero(self.signs == _OPENING)
        opening = opening[(opening > len(self._between)) & (opening <= len(self.text) - len(head))]
        wanted = b"}" + self._between + head
        found = windows(self.text, len(wanted))[opening - len(self._between) - 1]
        return np.append(0, opening[equal(found, wanted)])


def windows(text: bytes | Signs, size: int) -> npt.NDArray[Any]:
    """The `size` bytes that begin at each byte of the text, as void scalars; copied only where they are taken.

    Raises:
        Unlike: where the text is shorter.
    """
    if len(text) < size:
        raise Unlike
    return np.ndarray((len(text) - size + 1,), f"V{size}", text, strides=(1,))


def equal(found: npt.NDArray[Any], wanted: bytes) -> Mask:
    """Which of some windows hold these bytes."""
    same = found.view(np.uint8).reshape(-1, len(wanted)) == np.frombuffer(wanted, np.uint8)
    return cast(Mask, same.all(axis=1))


def _all_are(text: bytes, places: Positions, piece: bytes) -> bool:
    """Whether the piece stands at each of the places, which ascend."""
    if not len(places):
        return True
    if places[0] < 0 or places[-1] > len(text) - len(piece):
        return False
    return bool(windows(text, len(piece))[places].tobytes() == piece * len(places))


class Spans:
    """The places of the values of records that have one template.

    Args:
        block: All records.
        template: A template.
        chosen: Which records may have it, by their numbers; None says all, and that all have as many quotation marks.
    """

    def __init__(self, block: Block, template: Template, chosen: Positions | None) -> None:
        self.block = block
        self.template = template
        self.chosen = chosen
        self._firsts: Positions | None = None
        self._starts, self._ends = block.starts, block.ends
        if chosen is not None:
            firsts = block.firsts()
            self.chosen = chosen[np.diff(firsts)[chosen] == template.quotes]
            self._firsts = firsts[self.chosen]
            self._starts, self._ends = block.starts[self.chosen], block.ends[self.chosen]
        self._at = [self._place(number) for number in range(len(template.pieces))]
        if not self._all_fit():
            fitting = np.flatnonzero(self._which_fit())
            self.chosen = fitting if self.chosen is None else self.chosen[fitting]
            self._at = [places[fitting] for places in self._at]
            self._starts = self._starts[fitting]

    @property
    def rows(self) -> int:
        """How many records have the template; `chosen` says which, None all."""
        return len(self._starts)

    @property
    def starts(self) -> Positions:
        """Where those records start."""
        return self._starts

    def of(self, slot: int) -> tuple[Positions, Positions]:
        """Where the slot's values start and end; the values of `Plain` may be empty, or end before they start."""
        return self._at[slot] + len(self.template.pieces[slot].text), self._at[slot + 1]

    def _place(self, number: int) -> Positions:
        """Where a piece should stand in each record."""
        piece = self.template.pieces[number]
        if piece.quote < 0:
            return self._ends - len(piece.text)
        if self._firsts is not None:
            return self.block.quotes[self._firsts + piece.quote] - piece.lead
        return self.block.quotes[piece.quote :: self.template.quotes] - piece.lead

    def _all_fit(self) -> bool:
        """Whether each record has all pieces in their places."""
        pieces = self.template.pieces
        return (
            bool((self._at[0] == self._starts).all())
            and bool((self._at[-1] + len(pieces[-1].text) == self._ends).all())
            and all(_all_are(self.block.text, at, piece.text) for piece, at in zip(pieces, self._at, strict=True))
        )

    def _which_fit(self) -> Mask:
        """Which records do; those that do not stay in bounds do not."""
        pieces = self.template.pieces
        fits = (self._at[0] == self._starts) & (self._at[-1] + len(pieces[-1].text) == self._ends)
        for piece, at in zip(pieces, self._at, strict=True):
            size = len(piece.text)
            fits &= (at >= self._starts) & (at + size <= self._ends)
            fits &= equal(windows(self.block.text, size)[np.where(fits, at, 0)], piece.text)
        return cast(Mask, fits)
