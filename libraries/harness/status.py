"""What `migrator status --json` prints, read strictly by the contract."""

import json
from dataclasses import dataclass
from typing import Any

STATES = ("pending", "in_progress", "done", "failed")


class StatusError(AssertionError):
    """`status --json` printed something that the contract does not allow."""


@dataclass(frozen=True)
class RecordedObject:
    """An object as the state tells of it."""

    key: str
    rows: int
    size: int
    etag: str


@dataclass(frozen=True)
class RecordedFile:
    """A file as the state tells of it; the names are the contract's."""

    path: str
    place: str | None
    kind: str
    format: str
    size: int
    sha256: str | None
    state: str
    attempts: int | None
    discovered_at: str | None
    started_at: str | None
    finished_at: str | None
    objects: tuple[RecordedObject, ...]
    error_code: str | None
    error_message: str | None


@dataclass(frozen=True)
class Status:
    """All that `status` tells."""

    counts: dict[str, int]
    files: tuple[RecordedFile, ...]

    @classmethod
    def read(cls, text: str) -> "Status":
        """Read the printed JSON.

        Raises:
            StatusError: It is no JSON, lacks a field, has a state that does not exist, or counts wrongly.
        """
        try:
            document = json.loads(text)
        except ValueError as error:
            raise StatusError(f"Expected one JSON object from status --json, seen {text[:200]!r}: {error}.") from error
        try:
            counts = {name: int(document["counts"][name]) for name in (*STATES, "total")}
            files = tuple(_file(entry) for entry in document["files"])
        except (KeyError, TypeError) as error:
            raise StatusError(
                f"Expected the fields of the contract in status --json, seen none named {error}."
            ) from error
        status = cls(counts, files)
        status._check_counts()
        return status

    def of_path(self, path: str) -> tuple[RecordedFile, ...]:
        """Every arrival of a path."""
        return tuple(file for file in self.files if file.path == path)

    def in_state(self, *states: str) -> tuple[RecordedFile, ...]:
        """The files in one of these states."""
        return tuple(file for file in self.files if file.state in states)

    def _check_counts(self) -> None:
        for state in STATES:
            listed = len(self.in_state(state))
            if self.counts[state] != listed:
                raise StatusError(
                    f"Expected status to count the {listed} files that it lists as {state}, seen {self.counts[state]}."
                )
        if self.counts["total"] != len(self.files):
            raise StatusError(
                f"Expected status to count a total of {len(self.files)} files, seen {self.counts['total']}."
            )


def _file(entry: dict[str, Any]) -> RecordedFile:
    if entry["state"] not in STATES:
        raise StatusError(f"Expected one of {', '.join(STATES)} as state of {entry['path']}, seen {entry['state']!r}.")
    error = entry["error"] or {"code": None, "message": None}
    return RecordedFile(
        path=entry["path"],
        place=entry["place"],
        kind=entry["kind"],
        format=entry["format"],
        size=entry["size"],
        sha256=entry["sha256"],
        state=entry["state"],
        attempts=entry["attempts"],
        discovered_at=entry["discovered_at"],
        started_at=entry["started_at"],
        finished_at=entry["finished_at"],
        objects=tuple(RecordedObject(o["key"], o["rows"], o["size"], o["etag"]) for o in entry["objects"]),
        error_code=error["code"],
        error_message=error["message"],
    )
