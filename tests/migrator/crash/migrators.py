"""Migrators as processes of their own, started quickly: the tests' end of `zygote`."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Ended:
    """A migrator that has ended.

    Attributes:
        code: Its exit code; negative for a death by that signal.
        steps: The durable steps that it took, where they were counted and it ended by itself.
    """

    code: int
    stdout: str
    stderr: str
    steps: tuple[str, ...]

    @property
    def killed(self) -> bool:
        """Whether it died of SIGKILL."""
        return self.code == -signal.SIGKILL

    def json(self) -> Any:
        """What it printed."""
        return json.loads(self.stdout)


class Migrator:
    """One that was started."""

    def __init__(self, zygote: "Migrators", pid: int, output: Path) -> None:
        self.pid = pid
        self._zygote = zygote
        self._output = output

    @property
    def ended(self) -> bool:
        """Whether it has ended, by itself or not; `wait` tells how."""
        try:
            state = Path(f"/proc/{self.pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        # Until somebody waits for it, a process that has ended is a zombie.
        return state == "Z"

    def kill(self) -> None:
        """SIGKILL."""
        os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> Ended:
        """Wait for its end."""
        code = self._zygote.ask({"wait": self.pid})["code"]
        steps = self._output / "steps"
        labels = json.loads(steps.read_text()) if steps.exists() else []
        return Ended(code, (self._output / "stdout").read_text(), (self._output / "stderr").read_text(), tuple(labels))


class Migrators:
    """Starts them, all with the same environment.

    Args:
        environment: Credentials and whatever else they need.
        folder: Where they run, and where their output is kept.
    """

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self.work = folder / "work"
        self.work.mkdir(parents=True)
        self._folder = folder
        self._count = 0
        self.environment = {**environment, "TMPDIR": str(self.work)}
        paths = os.pathsep.join(str(ROOT / path) for path in ("", "libraries"))
        # Threads of a zygote would not be there in its children.
        own = {"PYTHONPATH": paths, "OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        self._zygote = subprocess.Popen(
            [sys.executable, "-m", "tests.migrator.crash.zygote"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **own},
            cwd=ROOT,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._zygote.stdin
        assert self._zygote.stdout
        self._zygote.stdin.close()
        self._zygote.wait(timeout=120)
        self._zygote.stdout.close()

    def start(
        self, source: Path, arguments: Sequence[str], *, count: bool = False, kill_at: int = 0, renameat2: bool = True
    ) -> Migrator:
        """Start one.

        Args:
            source: SOURCE, which stands in `arguments`, too.
            arguments: The command line.
            count: Whether its durable steps are counted.
            kill_at: The step at which it is killed; 0 for none.
            renameat2: Whether the file system is to know renames that overwrite nothing.
        """
        self._count += 1
        output = self._folder / f"{self._count}"
        output.mkdir()
        steps = {"kill_at": kill_at, "renameat2": renameat2} if count or kill_at else None
        request = {
            "arguments": list(arguments),
            "environment": self.environment,
            "source": os.fspath(source),
            "output": str(output),
            "folder": str(self.work),
            "steps": steps,
        }
        return Migrator(self, self.ask({"start": request})["pid"], output)

    def run(self, source: Path, arguments: Sequence[str], **options: Any) -> Ended:
        """Start one and wait for its end."""
        return self.start(source, arguments, **options).wait()

    def ask(self, request: Mapping[str, Any]) -> Any:
        """One request to the zygote, and its answer."""
        assert self._zygote.stdin
        assert self._zygote.stdout
        self._zygote.stdin.write(json.dumps(request) + "\n")
        self._zygote.stdin.flush()
        line = self._zygote.stdout.readline()
        assert line, "the zygote has ended; its stderr tells why"
        return json.loads(line)
