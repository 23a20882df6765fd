"""Writes a page for every keyword library and resource into results/docs/, and an index of them."""

from __future__ import annotations

import sys
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIBRARIES = ROOT / "libraries"
TARGET = ROOT / "results" / "docs"
sys.path.insert(0, str(LIBRARIES))

from robot.libdoc import libdoc  # noqa: E402 (the libraries must be importable before Robot looks at them)

_INDEX = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Keywords</title>
<style>:root{{color-scheme:light dark}}body{{font:16px/1.6 system-ui,sans-serif;margin:2em auto;max-width:40em}}</style>
</head><body><h1>Keywords</h1><h2>Sentences of the scenarios</h2><ul>{resources}</ul>
<h2>Libraries beneath them</h2><ul>{libraries}</ul></body></html>
"""


def main() -> int:
    """Writes all pages and returns the exit code."""
    TARGET.mkdir(parents=True, exist_ok=True)
    resources = sorted((ROOT / "resources").glob("*.resource"))
    # A keyword library is a file that is named after its class.
    libraries = sorted(file for file in LIBRARIES.glob("*.py") if file.stem[0].isupper())
    failed = [file.name for file in (*resources, *libraries) if libdoc(str(file), str(_page(file)), quiet=True)]
    if failed:
        sys.stderr.write(f"Libdoc could not read {', '.join(failed)}; its own words stand above.\n")
        return 1
    index = TARGET / "index.html"
    index.write_text(_INDEX.format(resources=_links(resources), libraries=_links(libraries)), encoding="utf-8")
    sys.stdout.write(f"{len(resources)} resources and {len(libraries)} libraries: {index}\n")
    return 0


def _page(file: Path) -> Path:
    return TARGET / f"{file.stem}.html"


def _links(files: list[Path]) -> str:
    return "".join(f'<li><a href="{escape(_page(file).name)}">{escape(file.stem)}</a></li>' for file in files)


if __name__ == "__main__":
    sys.exit(main())
