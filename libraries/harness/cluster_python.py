"""The Python of a cluster: its workers must have Dask, and the package of the migrator under test."""

import shlex
import sys

from harness.process import BUILT_IN

OWN = (sys.executable,)
"""The suite's own, in which the built-in migrator is."""
UNKNOWN = (
    "No Python is known whose workers could do this migrator's work: "
    "name one that has Dask and the migrator's package as CLUSTER_PYTHON"
)
"""Why scenarios on a cluster are skipped where another migrator is tested and nobody names its Python."""


def words(migrator: str, named: str) -> tuple[str, ...] | None:
    """The command line of the cluster's Python; None where nobody could know it.

    Args:
        migrator: The command of the migrator under test.
        named: A command line such as "/opt/acme/venv/bin/python"; empty for none.
    """
    if named:
        return tuple(shlex.split(named))
    return OWN if migrator == BUILT_IN else None
