"""Starts migrators by forking, so that hundreds of them cost no more than their work: everything is imported once.

Each line of stdin is a request, each line of stdout its answer, both JSON. A forked process is a migrator like any
other: its own pid and session, its own standard streams, and the command line's own `main`.

    {"start": {"arguments": [...], "environment": {...}, "output": "...", "folder": "...", "steps": {...} | null}}
        → {"pid": 17}
    {"wait": 17} → {"code": 0} (as `os.waitstatus_to_exitcode` tells it: negative for a death by signal)
"""

import gc
import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from migrator.lean import stay_lean
from tests.migrator.crash.steps import Steps

_HEAVY = (
    "boto3", "pyarrow.parquet", "migrator.cli", "migrator.run", "migrator.recover", "migrator.retry", "migrator.status",
    "migrator.verify", "migrator.coordinator", "migrator.crew", "migrator.convert", "migrator.objects",
    "migrator.fast_lane", "migrator.plain_lane", "migrator.formats.csv", "migrator.formats.json",
    "migrator.formats.sql", "migrator.formats.txt",
)  # fmt: skip


def main() -> None:
    """Serve until stdin ends."""
    stay_lean()
    for module in _HEAVY:
        importlib.import_module(module)
    gc.freeze()
    for line in sys.stdin:
        request = json.loads(line)
        if "start" in request:
            answer = {"pid": _start(request["start"])}
        else:
            answer = {"code": os.waitstatus_to_exitcode(os.waitpid(request["wait"], 0)[1])}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _start(what: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        code = _migrate(what)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        # The interpreter's own end takes longer than a small migration, and does nothing durable.
        os._exit(code)


def _migrate(what: dict[str, Any]) -> int:
    os.setsid()
    output = Path(what["output"])
    for number, name, flags in ((0, os.devnull, os.O_RDONLY), (1, output / "stdout", os.O_WRONLY | os.O_CREAT),
                                (2, output / "stderr", os.O_WRONLY | os.O_CREAT)):  # fmt: skip
        handle = os.open(name, flags | os.O_TRUNC if number else flags, 0o644)
        os.dup2(handle, number)
        os.close(handle)
    # The zygote's own stdin is buffered, and none of it is the migrator's.
    sys.stdin = open(0, closefd=False, encoding="utf-8")  # noqa: SIM115 (as long as the process)
    os.chdir(what["folder"])
    os.environ.update(what["environment"])
    steps = Steps(Path(what["source"]), (what["steps"] or {}).get("kill_at", 0))
    if what["steps"] is not None:
        steps.install(renameat2=what["steps"]["renameat2"])
    from migrator import cli

    code = int(cli.main(what["arguments"]))
    (output / "steps").write_text(json.dumps(steps.labels), encoding="utf-8")
    return code


if __name__ == "__main__":
    main()
