"""`python -m migrator`, and what the installed command `migrator` starts."""

import sys


class _WithoutPandas:
    """Hides pandas: pyarrow imports it wherever it is installed, which takes half a second and serves nothing here."""

    @staticmethod
    def find_spec(name: str, *_: object) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(name)


def main() -> int:
    """Run the command line in a process that is the migrator's alone, and return its exit code."""
    sys.meta_path.insert(0, _WithoutPandas())
    from migrator import cli

    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
