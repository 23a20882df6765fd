"""What is on the machine at one moment, so that a run can be held against the moment before it."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, fields
from pathlib import Path

import docker

from harness import cleanup
from harness.run_id import PREFIX


@dataclass(frozen=True)
class Snapshot:
    """The names of everything of the kinds that a run makes, its own and everybody else's.

    Attributes:
        containers: Names of containers, running or not.
        volumes: Names of volumes.
        networks: Names of networks.
        folders: What lies directly in the system's temporary folder.
        processes: Processes that bear a run's mark.
    """

    containers: frozenset[str]
    volumes: frozenset[str]
    networks: frozenset[str]
    folders: frozenset[str]
    processes: frozenset[str]

    @classmethod
    def take(cls, client: docker.DockerClient | None) -> Snapshot:
        """Looks at the engine, the temporary folder and the processes; without an engine its three kinds are empty."""
        containers = client.api.containers(all=True) if client else []
        volumes = (client.api.volumes().get("Volumes") or []) if client else []
        networks = client.api.networks() if client else []
        return cls(
            containers=frozenset(str((item.get("Names") or [item["Id"]])[0]).lstrip("/") for item in containers),
            volumes=frozenset(item["Name"] for item in volumes),
            networks=frozenset(item["Name"] for item in networks),
            folders=frozenset(path.name for path in Path(tempfile.gettempdir()).iterdir()),
            processes=frozenset(thing.name for thing in cleanup.things(None) if thing.kind == "process"),
        )

    def new_since(self, before: Snapshot) -> list[str]:
        """Returns everything that is here and was not before, whoever made it, in words."""
        return [
            f"{field.name.removesuffix('s').replace('processe', 'process')} {name}"
            for field in fields(self)
            for name in sorted(getattr(self, field.name) - getattr(before, field.name))
        ]


def left_behind(before: Snapshot, after: Snapshot, client: docker.DockerClient | None) -> list[str]:
    """Returns what runs of this suite made since the earlier snapshot and did not remove, in words.

    What a run that still lives has made belongs to it (also where that cannot be told, on another machine), and what
    bears no run's name belongs to somebody else.
    """
    things = cleanup.things(client)
    known = {_line(thing): thing.run.owner.alive() is False for thing in things}
    living = {thing.run.run_id for thing in things if not known[_line(thing)]}
    return [
        line
        for line in after.new_since(before)
        # A process bears its run in its environment, not in its name.
        if known.get(line, f" {PREFIX}-" in line) and not any(run_id in line for run_id in living)
    ]


def _line(thing: cleanup.Found) -> str:
    return f"{thing.kind} {Path(thing.name).name if thing.kind == 'folder' else thing.name}"
