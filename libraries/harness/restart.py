"""What a restart must leave as it was, and what two runs over the same files must have in common."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from harness.books import Difference
from harness.bucket import Version
from harness.exchange import Exchange
from harness.folders import look
from harness.status import RecordedFile, Status
from harness.world import PREFIX, World


def touched_again(world: World) -> Iterator[Difference]:
    """What a restart did to files that were done before it: uploads, new versions, changed records, moved files."""
    before = world.remembered
    after = world.status()
    versions_before = _by_key(before.versions)
    versions_after = _by_key(tuple(world.bucket.versions()))
    exchanges = world.gate.exchanges[before.exchanges :]
    folders = look(world.source)
    for file in before.status.in_state("done"):
        yield from _record_changes(file, after, rebuilt=world.allowed.rebuilt)
        for each in file.objects:
            yield from _object_changes(each.key, versions_before, versions_after, exchanges)
        if file.place and folders.get(file.place) != before.folders[file.place]:
            yield Difference(file.place, "the file as it was before the restart", "another one or none")


def differing_from(world: World, twin: World) -> Iterator[Difference]:
    """What differs between two worlds that were given the same files: states, places, objects and rows."""
    ours, theirs = world.status(), twin.status()
    for path in sorted({file.path for file in (*ours.files, *theirs.files)}):
        here, there = (_outcome(status, path) for status in (ours, theirs))
        if here != there:
            yield Difference(path, f"{there}, as in {twin.name}", f"{here}")
    mine, other = look(world.source), look(twin.source)
    for place in sorted(mine.keys() | other.keys()):
        if (place in mine) != (place in other):
            yield Difference(place, _presence(place in other, twin), _presence(place in mine, world))
        # A reason file tells when it failed and after how many attempts, which may differ.
        elif not place.endswith(".reason.json") and (difference := other[place].difference(mine[place])):
            expected, _, seen = difference.partition(", seen ")
            yield Difference(place, f"{expected}, as in {twin.name}", seen)
    keys, others = set(world.bucket.keys()), set(twin.bucket.keys())
    for key in sorted(keys ^ others):
        yield Difference(key, _presence(key in others, twin), _presence(key in keys, world))


def shared_keys(world: World, twin: World) -> list[str]:
    """The keys that both buckets hold."""
    return sorted(set(world.bucket.keys(PREFIX)) & set(twin.bucket.keys(PREFIX)))


def same_table(ours: bytes, theirs: bytes) -> bool:
    """Whether two parquet objects hold the same columns and rows, however they are encoded."""
    return bool(pq.read_table(pa.BufferReader(ours)).equals(pq.read_table(pa.BufferReader(theirs))))


def _outcome(status: Status, path: str) -> tuple[object, ...]:
    return tuple(
        (file.state, file.place, file.size, file.sha256, file.error_code, [(o.key, o.rows) for o in file.objects])
        for file in status.of_path(path)
    )


def _presence(there: bool, world: World) -> str:
    return f"{'it' if there else 'nothing of that name'} in {world.name}"


def _record_changes(file: RecordedFile, after: Status, *, rebuilt: bool) -> Iterator[Difference]:
    records = after.of_path(file.path)
    if len(records) != 1:
        yield Difference(file.path, "one entry in the state", f"{len(records)}")
        return
    # A state that was rebuilt knows the past no more.
    past = () if rebuilt else ("attempts", "discovered_at", "started_at", "finished_at")
    for name in ("state", "place", *past, "objects"):
        was, now = getattr(file, name), getattr(records[0], name)
        if was != now:
            yield Difference(file.path, f"{name} {was} as before the restart", f"{now}")


def _object_changes(
    key: str, before: dict[str, list[Version]], after: dict[str, list[Version]], exchanges: list[Exchange]
) -> Iterator[Difference]:
    again = [each for each in exchanges if each.key == key and each.act.brings_data]
    if again:
        yield Difference(key, "no upload after the restart", f"{len(again)}, the first is {again[0].act}")
    if before.get(key) != after.get(key):
        seen = after.get(key, [])
        yield Difference(key, "the same single version as before the restart", f"{len(seen)} versions, or a newer one")


def _by_key(versions: tuple[Version, ...]) -> dict[str, list[Version]]:
    found: dict[str, list[Version]] = {}
    for version in versions:
        found.setdefault(version.key, []).append(version)
    return found
