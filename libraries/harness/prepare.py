"""Engine and image, made ready before anything needs them: ``python -m harness.prepare [SERVER]``."""

from __future__ import annotations

import os
import sys

from harness import engine_setup, images, server_files
from harness.engine import connect
from harness.images import Image
from harness.problems import EnvironmentFault
from harness.progress import Say, say


def prepare(name: str | None = None, asked: str | None = None, tell: Say = say) -> Image | None:
    """Sees to engine and image and returns the image; None for an external server, which needs neither.

    Args:
        name: A server's file; None for the default.
        asked: An image of the caller's own.
        tell: Where progress goes.

    Raises:
        EnvironmentFault: Engine or image could not be had, with the cause.
    """
    server = server_files.load(name or server_files.DEFAULT)
    if server.external:
        return None
    engine_setup.ensure(tell)
    client = connect()
    try:
        return images.resolve(client, server, asked=asked, tell=tell)
    finally:
        client.close()


def main(arguments: list[str]) -> int:
    """Prepares the server that is named, or the one that the environment variable S3_SERVER names."""
    try:
        image = prepare((arguments or [os.environ.get("S3_SERVER", "")])[0] or None, os.environ.get("S3_IMAGE") or None)
    except EnvironmentFault as fault:
        say(str(fault))
        return 1
    if image is None:
        say("An external server needs no image.")
    else:
        say(f"Image {image.reference}, {image.identity}; found by:")
        for step in image.steps:
            say(f"  {step}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
