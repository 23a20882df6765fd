"""`paper_bucket` as a server of the workshop."""

from __future__ import annotations

import subprocess
import sys


class PaperServer:
    """A process that answers as a bucket would that holds so many objects; who makes it removes it.

    Args:
        count: The objects.
    """

    access_key = "paper"
    secret_key = "paper"  # noqa: S105 - it opens nothing
    container = None

    def __init__(self, count: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.paper_bucket", str(count)], stdout=subprocess.PIPE, text=True
        )
        port = self._process.stdout.readline().strip() if self._process.stdout else ""
        self.endpoint_url = f"http://127.0.0.1:{port}"

    def bucket(self) -> str:
        """The bucket's name; there is but one."""
        return "paper"

    def remove(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()
