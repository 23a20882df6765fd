"""How long a migration takes and what it costs, by what each file costs and by what stands in line behind what.

A run is a closed queueing network: each worker has one file at a time, which goes from station to station. At a
station that serves one file after another (the interpreter of a process, the coordinator, a prefix of the bucket) files
wait for each other; elsewhere (the server, a machine of one's own) they do not. Mean value analysis (Reiser and
Lavenberg, 1980) tells how many files a second come through.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MIB = 1 << 20
# Amazon S3: at least so many PUTs a second for each partitioned prefix.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html
PUTS_PER_PREFIX = 3500.0
# us-east-1, 2026: a thousand PUTs; an hour of a core and its 4 GiB (on demand, general purpose).
DOLLARS_PER_PUT = 0.005 / 1000
DOLLARS_PER_CORE_HOUR = 0.05
# What all workers share: the file system they read from. 10 Gbit/s.
SHARED_BYTES = 10e9 / 8


@dataclass(frozen=True)
class Costs:
    """What was measured.

    Attributes:
        file: CPU seconds of the migrator for each file, whatever its size.
        byte: CPU seconds for each byte.
        locked: The part of a small file's CPU during which no other thread of the process can go on.
        coordinator: CPU seconds for each file of the thread that keeps state and folders; part of `file`.
        server: Seconds that the server takes for a put.
        start: CPU seconds of a run without files.
    """

    file: float
    byte: float
    locked: float
    coordinator: float
    server: float
    start: float


@dataclass(frozen=True)
class Forecast:
    """What is to be expected of a migration.

    Attributes:
        seconds: Wall time.
        dollars: Machines and requests.
        limit: The station that is busiest.
        busy: How busy each station is, from 0 to 1.
    """

    seconds: float
    dollars: float
    limit: str
    busy: Mapping[str, float]


def on_one_machine(costs: Costs, files: int, size: int, workers: int, cores: int) -> Forecast:
    """Of `files` files of `size` bytes in one process, beside the server on the same cores."""
    cpu = costs.file + costs.byte * size
    locked = costs.locked * costs.file
    rate, busy = _throughput({"the interpreter": locked}, cpu - locked + costs.server, workers)
    most = cores / (cpu + costs.server)
    if rate > most:
        rate, busy = most, {name: share * most / rate for name, share in busy.items()}
    return _forecast(costs, files, rate, busy | {"the cores": rate / most}, cores)


def on_a_cluster(costs: Costs, files: int, size: int, workers: int, prefixes: int = 1) -> Forecast:
    """Of files that so many workers share, each a process with a core of its own; the coordinator has one too."""
    cpu = costs.file - costs.coordinator + costs.byte * size
    stations = {
        "the coordinator": costs.coordinator,
        "S3's requests for a prefix": 1 / (PUTS_PER_PREFIX * prefixes),
        "the shared file system": size / SHARED_BYTES,
    }
    rate, busy = _throughput(stations, cpu + costs.server, workers)
    return _forecast(costs, files, rate, busy | {"the workers' CPU": rate * cpu / workers}, workers + 1)


def _throughput(stations: Mapping[str, float], elsewhere: float, workers: int) -> tuple[float, dict[str, float]]:
    """Files a second, and how busy each station is.

    Args:
        stations: Seconds that a file takes at each, without waiting.
        elsewhere: Seconds that it takes where nothing waits.
        workers: How many files are under way.
    """
    waiting = dict.fromkeys(stations, 0.0)
    rate = 0.0
    for under_way in range(1, workers + 1):
        stay = {name: seconds * (1 + waiting[name]) for name, seconds in stations.items()}
        rate = under_way / (elsewhere + sum(stay.values()))
        waiting = {name: rate * seconds for name, seconds in stay.items()}
    return rate, {name: rate * seconds for name, seconds in stations.items()}


def _forecast(costs: Costs, files: int, rate: float, busy: Mapping[str, float], cores: int) -> Forecast:
    seconds = costs.start + files / rate
    dollars = files * DOLLARS_PER_PUT + seconds / 3600 * cores * DOLLARS_PER_CORE_HOUR
    return Forecast(seconds, dollars, max(busy, key=lambda name: busy[name]), busy)
