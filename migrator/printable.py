"""Text as a terminal takes it: nothing in it moves the cursor, ends the line, or cannot be written."""

import sys


def printable(text: str) -> str:
    """`text` with escapes in place of the characters that are not to be printed."""
    return text if text.isprintable() else "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


def for_stdout(text: str) -> str:
    """`text` so, with escapes also in place of what stdout's encoding lacks."""
    encoding = sys.stdout.encoding or "utf-8"
    return printable(text).encode(encoding, errors="backslashreplace").decode(encoding)
