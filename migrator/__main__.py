"""`python -m migrator`, and what the installed command `migrator` starts."""

import os
import sys
import threading

from migrator.lean import stay_lean


def main() -> int:
    """Run the command line in a process that is the migrator's alone, and return its exit code."""
    _open_standard_streams()
    stay_lean()
    from migrator import cli

    code = cli.main()
    _end(code)
    return code


def _open_standard_streams() -> None:
    """Let what would be said to a stream that the caller has closed go nowhere.

    Else the next file that is opened, such as the state, would get the stream's number, and what is said there.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            # The lowest free number, which is the stream's own.
            setattr(sys, name, open(os.devnull, mode, errors="backslashreplace"))  # noqa: SIM115, PTH123 - as long as the process


def _end(code: int) -> None:
    """End the process here and now, unless something has still to be seen to.

    State, lock and target are closed by then. To take apart all that was imported would cost a tenth of a small run.
    """
    if threading.active_count() > 1:
        return
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        # The interpreter's own end tells of it, and has an exit code for it.
        return
    os._exit(code)


if __name__ == "__main__":
    sys.exit(main())
