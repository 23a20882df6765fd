"""A run's place in a worker process of a cluster: what the process must have, and the workshop that it gets.

The credentials are the worker's own: nothing that comes from the coordinator holds any.
"""

import threading
import time
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from platform import python_version_tuple
from typing import TYPE_CHECKING

from migrator import __version__
from migrator.access import resolve
from migrator.converting import converting
from migrator.errors import Blocked, ExitCode, KeyRefused, StateUnusable
from migrator.lock import FOLDER, SCRATCH
from migrator.target import Target
from migrator.target_address import Address, TargetSettings
from migrator.work import Workshop

if TYPE_CHECKING:
    from migrator.convert import ConvertOptions

_TOKEN_NAME = "cluster-token"  # noqa: S105 - a file's name
# No file that is migrated has such a name.
_NO_OBJECT = ".no-object"
_LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where and how the work of one run is done; can be pickled, and holds no secret.

    Attributes:
        source: SOURCE, absolute: the same on every machine.
        token: What the run's token file holds; the run is over once it does not any more.
        address: Where the objects go.
        endpoint: The S3 server; None for AWS itself.
        retry_for: Seconds that an outage is borne.
        unpack_limit: Bytes that an archive may always unpack to.
        versions: What every process must have, by name.
    """

    source: str
    token: str
    address: Address
    endpoint: str | None
    retry_for: float
    unpack_limit: int
    versions: tuple[tuple[str, str], ...]

    @property
    def scratch(self) -> Path:
        """The run's scratch folder."""
        return Path(self.source) / FOLDER / SCRATCH

    @property
    def token_file(self) -> Path:
        """The file that shows that this is the coordinator's SOURCE, and that the run goes on."""
        return self.scratch / _TOKEN_NAME


@dataclass(frozen=True, slots=True)
class Lack:
    """What a worker lacks, in words, and the exit code that it means."""

    words: str
    code: ExitCode


class Unfit(StateUnusable):
    """This process cannot do the run's work."""


class Here:
    """A run's workshop in this process.

    Args:
        place: The run's.
    """

    def __init__(self, place: Workplace) -> None:
        self.over = _Over(place)
        self.target = Target(place.address, TargetSettings(place.scratch, place.endpoint, place.retry_for, self.over))

        def options() -> "ConvertOptions":
            from migrator.convert import ConvertOptions

            return ConvertOptions(place.address.prefix, place.unpack_limit, place.scratch, self.over)

        root = Path(place.source)
        self.workshop = Workshop(root, self.target, converting(root, self.target, options))


class _Over:
    """Whether the run is over, asked of its token file now and then."""

    def __init__(self, place: Workplace) -> None:
        self._place = place
        self._next = 0.0
        self._over = False

    def __call__(self) -> bool:
        if not self._over and time.monotonic() >= self._next:
            self._next = time.monotonic() + _LOOK_SECONDS
            self._over = not _token_stands(self._place)
        return self._over


_places: dict[Workplace, Here] = {}
_making = threading.Lock()


def here_of(place: Workplace) -> Here:
    """The run's workshop in this process, made by the first call.

    Raises:
        Unfit: The process cannot do this run's work.
    """
    with _making:
        if place not in _places:
            _demand(place)
            for other in [other for other, here in _places.items() if here.over()]:
                del _places[other]
            _places[place] = Here(place)
        return _places[place]


def check(place: Workplace) -> Lack | None:
    """What this process lacks to do the run's work; None where it lacks nothing."""
    try:
        here = here_of(place)
    except Unfit as unfit:
        return Lack(str(unfit), ExitCode.USAGE)
    try:
        endpoint = resolve(place.endpoint).endpoint
        if endpoint != place.endpoint:
            words = f"its environment names the endpoint {endpoint}; name it with --endpoint-url, or not there either"
            return Lack(words, ExitCode.USAGE)
        here.target.find(place.address.under + _NO_OBJECT)
    except KeyRefused:
        # The server knows the credentials, but may not tell which keys are there.
        return None
    except Blocked as error:
        return Lack(f"it cannot use the target: {error}", ExitCode.WORK_PENDING)
    return None


def versions() -> tuple[tuple[str, str], ...]:
    """The versions that all processes must have in common, by name."""
    return (
        ("Python", ".".join(python_version_tuple()[:2])),
        ("migrator", __version__),
        *((name, metadata.version(name)) for name in ("pyarrow", "distributed")),
    )


def unlike(name: str, wanted: str, has: str | None) -> Lack:
    """That a worker has another version of something than the coordinator."""
    return Lack(f"it has {name} {has}, where the coordinator has {wanted}; give both the same", ExitCode.USAGE)


def _demand(place: Workplace) -> None:
    own = dict(versions())
    for name, wanted in place.versions:
        if own.get(name) != wanted:
            raise Unfit(unlike(name, wanted, own.get(name)).words)
    try:
        seen = place.token_file.read_text(encoding="ascii")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise Unfit(
            f"it cannot read {place.token_file}: {why};"
            " SOURCE must be the same folder there under the same path, and the worker of the same user"
        ) from None
    if seen != place.token:
        raise Unfit(f"{place.source} is another folder there; SOURCE must be shared by all")


def _token_stands(place: Workplace) -> bool:
    """Whether the token is there; it is read, because a network file system asks its server only then."""
    try:
        return place.token_file.read_text(encoding="ascii") == place.token
    except FileNotFoundError:
        return False
    except (OSError, ValueError):
        return True
