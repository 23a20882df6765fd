"""Closes an output.xml that was cut off because Robot was killed, so that it tells what was done until then."""

from __future__ import annotations

from xml.parsers.expat import ExpatError, ParserCreate

ENDED = "The run was killed or lost: it ended here."
_WITH_STATUS = frozenset({"test", "suite", "kw"})
_TRIES = 200


def repaired(output: bytes) -> bytes:
    """Returns the longest readable beginning, with everything closed that stands open; tests that ran are failed.

    Raises:
        ValueError: Not even its beginning can be read.
    """
    end = len(output)
    # Robot writes elements on lines of their own, so that a line's beginning is rarely within one.
    for _ in range(_TRIES):
        open_elements = _open_elements(output[:end])
        if open_elements is not None:
            return output[:end] + b"".join(_closing(name) for name in reversed(open_elements))
        end = output.rfind(b"\n<", 0, end)
        if end < 0:
            break
        end += 1
    raise ValueError("it holds nothing of a run")


def _open_elements(text: bytes) -> list[str] | None:
    """The elements that stand open at the end; None where the end is within one's tag, or nothing is open."""
    found: list[str] = []
    parser = ParserCreate()
    parser.StartElementHandler = lambda name, _: found.append(name)
    parser.EndElementHandler = lambda _: found.pop()
    try:
        parser.Parse(text, False)
        # A tag that has begun and not ended shows when the next one follows it.
        parser.Parse(b"<probe/>", False)
    except ExpatError:
        return None
    return found or None


def _closing(name: str) -> bytes:
    status = f'<status status="FAIL" elapsed="0">{ENDED}</status>' if name in _WITH_STATUS else ""
    return f"{status}</{name}>\n".encode()
