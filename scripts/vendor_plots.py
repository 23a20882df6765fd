"""Takes the plot library (Vega, Vega-Lite and Vega-Embed, BSD-3-Clause) out of its package into the report's folder.

Run it after vl-convert-python in requirements-dev.txt has changed; a test holds the file against the package.
"""

from __future__ import annotations

import gzip
import sys
from pathlib import Path

import vl_convert

FILE = Path(__file__).resolve().parents[1] / "libraries" / "report" / "vendor" / "vega-embed.js.gz"


def bundle() -> str:
    """The library as one script that sets `vegaEmbed`; nothing in it is loaded from anywhere."""
    # Its stub asks for a snippet that the function itself does not need.
    return str(vl_convert.javascript_bundle())  # type: ignore[call-arg]


if __name__ == "__main__":
    FILE.write_bytes(gzip.compress(bundle().encode(), 9, mtime=0))
    sys.stdout.write(f"{FILE}: {FILE.stat().st_size} bytes\n")
