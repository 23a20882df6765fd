"""Sees to a Chromium for the page's tests: the system's, or else Playwright's own, which is then installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def of_the_system() -> str | None:
    """The system's Chromium; `CHROMIUM` names another."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


def main() -> int:
    """Installs Playwright's Chromium where the system has none; as root with the libraries that it needs."""
    if of_the_system():
        return 0
    sys.stderr.write("No Chromium is installed; Playwright downloads its own (some 150 MB) …\n")
    libraries = ["--with-deps"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    return subprocess.run(
        [sys.executable, "-m", "playwright", "install", *libraries, "--only-shell", "chromium"], check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
