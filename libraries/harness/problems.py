"""What can be wrong with the environment, told apart from what is wrong with the product under test."""

from __future__ import annotations

from enum import StrEnum


class Problem(StrEnum):
    """The kinds of trouble that need different remedies."""

    NO_ENGINE = "Docker is not installed"
    ENGINE_DOWN = "the Docker engine is not running"
    NO_PERMISSION = "no permission on the Docker engine's socket"
    ENGINE_GONE = "the Docker engine went away"
    NO_SUCH_IMAGE = "there is no such image"
    REFUSED = "the registry refuses the image"
    RATE_LIMIT = "the registry's rate limit is reached"
    NO_NETWORK = "there is no network"
    DISK_FULL = "the disk is full"
    BUILD_FAILED = "the local build failed"
    EXITED = "the container has ended"
    NOT_SERVING = "the server serves no more"
    NOT_READY = "the server did not become ready in time"
    PORT_TAKEN = "the port is taken"
    SETTING = "a setting is wrong"
    LEFT_BEHIND = "something was left behind"
    OTHER = "the environment failed"


class EnvironmentFault(Exception):
    """The environment could not be made or removed; never the fault of the migrator.

    Attributes:
        problem: The kind of trouble.
    """

    ROBOT_SUPPRESS_NAME = True

    def __init__(self, problem: Problem, detail: str) -> None:
        self.problem = problem
        self.detail = detail
        super().__init__(f"Environment: {problem.value}: {detail}")
