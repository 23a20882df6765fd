"""Runs of the migrator in this process, over a folder and against a bucket that is a folder."""

import json
from pathlib import Path

import pytest

from migrator.cli import main
from tests.migrator.fakes import FakeBucket


class World:
    def __init__(self, root: Path, bucket: FakeBucket, capsys: pytest.CaptureFixture[str]) -> None:
        self.root, self.bucket, self._capsys = root, bucket, capsys
        self.err = ""

    def write(self, path: str, text: str) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def run(self, *options: str) -> int:
        code = main(["run", str(self.root), "s3://bucket/lake", *options])
        self.err = self._capsys.readouterr().err
        return code

    def command(self, name: str, *arguments: str) -> int:
        code = main([name, str(self.root), *arguments])
        self.err = self._capsys.readouterr().err
        return code

    def status(self) -> dict[str, dict]:
        assert main(["status", str(self.root), "--json"]) == 0
        out = self._capsys.readouterr()
        self.err = out.err
        told = json.loads(out.out)
        states = [file["state"] for file in told["files"]]
        assert {**told["counts"], "total": 0} == {
            **{state: states.count(state) for state in ("pending", "in_progress", "done", "failed")},
            "total": 0,
        }
        return {file["place"] or f"vanished {file['path']}": file for file in told["files"]}

    def files(self) -> list[str]:
        return sorted(
            str(file.relative_to(self.root))
            for file in self.root.rglob("*")
            if file.is_file() and ".migrator" not in file.parts
        )

    def kept(self) -> list[str]:
        return sorted(file.name for file in (self.root / ".migrator").iterdir())
