"""What lies in SOURCE and what only seems to: a path may lead out of it by its text, or by a link above it."""

import os
import stat


def names_inside(path: str) -> bool:
    """Whether a text could be the path of a file that was inventoried: relative, no `.` or `..`, nothing hidden."""
    within = f"/{path}/"
    return "//" not in within and "/." not in within and "\0" not in path


def leads_through_link(root: str, path: str) -> bool:
    """Whether a folder between `root` and the file at `path` is a link; links are not followed.

    Args:
        root: SOURCE.
        path: Relative to it, with `/`.
    """
    at = path.find("/")
    while at >= 0:
        try:
            mode = os.lstat(f"{root}/{path[:at]}").st_mode
        except (OSError, ValueError):
            # Whoever looks for the file finds out why.
            return False
        if stat.S_ISLNK(mode):
            return True
        at = path.find("/", at + 1)
    return False
