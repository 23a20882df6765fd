"""What a literal can be, by the byte that it begins with; bits, so that a column's kinds join to a set."""

import numpy as np

from migrator.formats.sql_marks import QUOTE

STRING, NUMBER, NULL, BOOL, HEX_STRING, BINARY_STRING, HEX, OTHER = (1 << bit for bit in range(8))
QUOTED = STRING | HEX_STRING | BINARY_STRING
BINARIES = HEX_STRING | BINARY_STRING | HEX

# `0x…` begins like a number; what begins with a plus sign is left to the exact way.
KINDS = np.full(256, OTHER, np.uint8)
KINDS[QUOTE] = STRING
KINDS[list(b"-.0123456789")] = NUMBER
KINDS[list(b"nN")] = NULL
KINDS[list(b"tTfF")] = BOOL
KINDS[list(b"xX")] = HEX_STRING
KINDS[ord("_")] = BINARY_STRING
