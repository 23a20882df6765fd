"""Fixtures that tests of every package share."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from harness.environment import SharedEnvironment, choice_of
from harness.servers import S3Server

# What everybody waits for goes the same way each time; the long run throws new dice, and what it finds becomes an
# `@example`. How long one takes says nothing on a busy machine.
settings.register_profile("the same", derandomize=True, deadline=None)
settings.register_profile("new dice", deadline=None, print_blob=True)
settings.load_profile("new dice" if os.environ.get("TEST_LONG") else "the same")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what only `make test-long` is for; it is counted as deselected."""
    if os.environ.get("TEST_LONG"):
        return
    long = [item for item in items if item.get_closest_marker("long")]
    config.hook.pytest_deselected(items=long)
    items[:] = [item for item in items if not item.get_closest_marker("long")]


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """A real S3 server, ready to be used: ``endpoint_url``, ``access_key``, ``secret_key``, ``bucket()``.

    ``S3_SERVER`` and its kin choose it from the environment. A server that does not start is an error, never a skip.
    """
    environment = SharedEnvironment()
    names = ("S3_SERVER", "S3_IMAGE", "S3_ENDPOINT_URL")
    try:
        yield environment.start(choice_of({name: os.environ.get(name) for name in names}))
    finally:
        environment.remove()
