"""Options that make robot and rebot link each tag of the specification with its proof on the page."""

from __future__ import annotations

from pathlib import Path

FILE = Path(__file__).resolve().parents[2] / "resources" / "proof_links.args"
OPTIONS = ("--argumentfile", str(FILE))
