"""Makes an environment, has it prove that it stands, and removes it: `python -m bench.environment`."""

from __future__ import annotations

import os

from harness.environment import SharedEnvironment
from harness.servers import Choice


def main() -> None:
    """From nothing to nothing.

    Raises:
        EnvironmentFault: It does not stand, or something of it is left.
    """
    environment = SharedEnvironment()
    try:
        environment.start(Choice(name=os.environ.get("S3_SERVER") or None))
        environment.folder()
        environment.check()
    finally:
        environment.remove()


if __name__ == "__main__":
    main()
