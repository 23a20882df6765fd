"""`python -m migrator`, and what the installed command `migrator` starts."""

import sys


def main() -> int:
    """Run the command line in a process that is the migrator's alone, and return its exit code."""
    # pyarrow imports pandas wherever it is installed, which takes half a second and serves nothing here.
    sys.modules.setdefault("pandas", None)  # type: ignore[arg-type] # None forbids an import: the import system's own rule
    from migrator import cli

    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
