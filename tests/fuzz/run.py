"""Fuzzes parsers, guided by coverage: `python -m tests.fuzz.run csv,json -max_total_time=60`; `all` is every one.

Whatever stands after the targets' names goes to libFuzzer (https://llvm.org/docs/LibFuzzer.html#options). A finding is
written to the folder that `-artifact_prefix` names.
"""

import os
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["migrator.formats"]):
    from tests.fuzz.targets import TARGETS, Target


def main() -> int:
    """Fuzz the targets one after another, each in a process forked from this one, which has imported everything.

    Returns:
        0 where none has found anything.
    """
    names, *options = sys.argv[1:]
    failed = 0
    for name in TARGETS if names == "all" else names.split(","):
        sys.stderr.write(f"== {name}\n")
        sys.stderr.flush()
        pid = os.fork()
        if not pid:
            _fuzz(TARGETS[name], options)
        failed += os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0
    return int(failed > 0)


def _fuzz(target: Target, options: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder, "corpus")
        corpus.mkdir()
        for number, seed in enumerate(target.seeds):
            (corpus / f"{number}").write_bytes(seed)
        words = Path(folder, "words")
        words.write_text("".join(f'"{_escaped(word)}"\n' for word in target.words))
        atheris.Setup([sys.argv[0], f"-dict={words}", *options, str(corpus)], target.check)
        # libFuzzer ends the process.
        atheris.Fuzz()


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


if __name__ == "__main__":
    sys.exit(main())
