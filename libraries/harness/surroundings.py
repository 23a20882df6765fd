"""What a migrator finds around it, changed: where its state is kept, who it is, what time zone it is in."""

import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from harness.folders import LOCK_NAME, STATE_FILE, STATE_FOLDER
from harness.gate_rules import Rule
from harness.process import MigratorProcess
from harness.readiness import REGION
from harness.status import RecordedFile
from harness.tables import Row
from harness.world import World

OTHER_REGION = "eu-north-1"
"""A region that no migrator takes by itself."""
FAR_FROM_UTC = "XXX-11:30"
"""A time zone in the form that needs no table of zones on the machine: half past eleven where it is midnight in UTC."""
_PROFILE = "archive"
# A time may be written in whole seconds, cut or rounded.
_GRAIN = timedelta(seconds=2)
_LOOK_AGAIN = 0.005


def keep_state_elsewhere(world: World) -> Path:
    """Give every command from now on `--state` with a file beside the source; its folder is there, and empty."""
    folder = world.folder / "kept elsewhere"
    folder.mkdir()
    state = folder / "migration.state"
    world.options = (*world.options, "--state", str(state))
    return state


def state_rows(world: World, state: Path) -> list[Row]:
    """Whether the state is where it was asked for, and nowhere else."""
    there = state.is_file() and state.stat().st_size > 0
    own = world.source / STATE_FOLDER
    usual = sorted(each.name for each in own.iterdir() if each.name.startswith(STATE_FILE)) if own.is_dir() else []
    beside = (each.name for each in state.parent.iterdir() if not each.name.startswith(state.name))
    others = sorted(name for name in beside if not LOCK_NAME.search(name))
    return [
        Row(state.name, "the state where it was asked for", "so" if there else "none, or an empty one", there),
        Row(STATE_FOLDER, "no state where it is kept otherwise", ", ".join(usual) or "so", not usual),
        Row(state.parent.name, "nothing beside the state", ", ".join(others) or "so", not others),
    ]


def tell_by_profile(world: World) -> str:
    """Take credentials, region and endpoint out of environment and options, and put them into a named profile.

    Returns:
        The region: another one than usual, where the server takes signatures for any.
    """
    kept, told = _without_aws(world)
    folder = world.folder / "profiles"
    folder.mkdir()
    keys = {name.lower(): value for name, value in told.items() if "KEY" in name}
    region = OTHER_REGION if world.server and world.server.file.can("any-region") else REGION
    place = {"region": region, "endpoint_url": world.gate.endpoint_url}
    credentials, config = folder / "credentials", folder / "config"
    # The profile that nobody named must not be taken.
    credentials.write_text(_section("default", dict.fromkeys(keys, "nobody")) + _section(_PROFILE, keys))
    config.write_text(_section(f"profile {_PROFILE}", place))
    named = {
        "AWS_PROFILE": _PROFILE,
        "AWS_SHARED_CREDENTIALS_FILE": str(credentials),
        "AWS_CONFIG_FILE": str(config),
    }
    world.launch = replace(world.launch, environment=kept | named)
    world.tells_endpoint = False
    return region


def tell_by_variables(world: World, region: str) -> str:
    """Tell another region, which is returned, in the variable `region` alone; the endpoint in `AWS_ENDPOINT_URL`."""
    kept, told = _without_aws(world)
    keys = {name: value for name, value in told.items() if "KEY" in name}
    place = {region: OTHER_REGION, "AWS_ENDPOINT_URL": world.gate.endpoint_url}
    world.launch = replace(world.launch, environment=kept | keys | place)
    world.tells_endpoint = False
    return OTHER_REGION


def _without_aws(world: World) -> tuple[dict[str, str], dict[str, str]]:
    """The migrator's variables, and those of AWS among them apart."""
    given = world.launch.environment
    kept = {name: value for name, value in given.items() if not name.startswith("AWS_")}
    return kept, {name: value for name, value in given.items() if name not in kept}


def _section(name: str, entries: Mapping[str, str]) -> str:
    return "\n".join([f"[{name}]", *(f"{key} = {value}" for key, value in entries.items()), "\n"])


def set_time_zone(world: World, zone: str) -> None:
    """Let every process of the migrator from now on run in another time zone."""
    world.launch = replace(world.launch, environment={**world.launch.environment, "TZ": zone})


def time_rows(record: RecordedFile, failed_at: str | None, begun: datetime, ended: datetime) -> Iterator[Row]:
    """Whether the times of a file lie within the only run that there was, one after the other.

    Args:
        record: The file's entry in the state.
        failed_at: What its reason file says; None where it has none.
        begun: When the run was started.
        ended: When its end was seen.
    """
    before = begun
    names = ("discovered_at", "started_at", "finished_at")
    told = {name: value for name in names if (value := getattr(record, name))}
    if failed_at:
        told["failed_at"] = failed_at
    for name, value in told.items():
        seen = _moment(value)
        right = seen is not None and before - _GRAIN <= seen <= ended + _GRAIN
        expected = f"{name} in UTC from {before:%H:%M:%S} to {ended:%H:%M:%S}, when the run ended"
        yield Row(record.path, expected, value, right)
        # The state notes the end of a file, and the reason file too; which of them first is free.
        if seen is not None and right and name != "finished_at":
            before = seen


def _moment(text: str) -> datetime | None:
    with suppress(ValueError):
        seen = datetime.fromisoformat(text)
        return seen.astimezone(UTC) if seen.tzinfo else None
    return None


def wait_for_words(process: MigratorProcess, hold: Rule, within: timedelta) -> None:
    """Wait until a migrator has printed its first line; one that prints nothing, until the gate holds an upload of it.

    Raises:
        AssertionError: It did neither in time, or ended.
    """
    deadline = time.monotonic() + within.total_seconds()
    while not (process.printed or hold.met.is_set()):
        if not process.running:
            raise AssertionError(f"Expected a line of {process.command!r} before its end, seen none.")
        if time.monotonic() > deadline:
            raise AssertionError(f"Expected a line or an upload of {process.command!r} in time, seen neither.")
        time.sleep(_LOOK_AGAIN)
