"""How a run joins a cluster: its token is laid down, the scheduler is asked, every worker shows that it is fit."""

import os
import secrets
from collections.abc import Callable

from migrator.access import resolve
from migrator.cluster import Cluster
from migrator.cluster_place import Workplace, versions
from migrator.crew_cluster import CrewOfCluster
from migrator.crew_interface import Crew
from migrator.errors import StateUnusable
from migrator.options import Options


def joined(address: str, given: Options, here: Crew, stopping: Callable[[], bool]) -> CrewOfCluster:
    """The crew of the cluster with this scheduler, once every worker has shown that it is fit for the work.

    Raises:
        UsageError, Blocked: It is not.
        Stopped: A stop was asked for.
    """
    place = Workplace(
        str(given.source.absolute()),
        secrets.token_hex(16),
        given.address,
        resolve(given.endpoint_url).endpoint,
        given.retry_for,
        given.unpack_limit,
        versions(),
    )
    _write_token(place)
    cluster = Cluster(address, given.retry_for)
    try:
        cluster.check(place, stopping)
        return CrewOfCluster(cluster, place, here, given.retry_for)
    except BaseException:
        cluster.close()
        raise


def _write_token(place: Workplace) -> None:
    try:
        descriptor = os.open(place.token_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "w", encoding="ascii") as file:  # noqa: PTH123 - of a descriptor
            file.write(place.token)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise StateUnusable(f"cannot write {place.token_file}: {error.strerror}; SOURCE must be writable") from error
