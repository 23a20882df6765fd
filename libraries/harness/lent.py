"""A server that one process started and lends to others: who lends removes it, and who borrows never breaks it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import docker

from harness import server_files
from harness.container_view import ContainerView
from harness.images import Image, Step
from harness.problems import EnvironmentFault, Problem
from harness.readiness import Access
from harness.servers import Choice, S3Server


@dataclass(frozen=True)
class Offer:
    """All that a borrower must know of a server.

    Attributes:
        choice: What it was started for.
        server: The name of its file.
        endpoint_url: Where it answers.
        access_key: Access key id.
        secret_key: Secret access key; never to be logged.
        container: Its container's name.
        image: What it runs from.
        seconds: How long it took from the request to readiness.
    """

    choice: Choice
    server: str
    endpoint_url: str
    access_key: str
    secret_key: str
    container: str
    image: Image
    seconds: float

    def __repr__(self) -> str:
        return f"Offer({self.server} at {self.endpoint_url})"

    @classmethod
    def of(cls, server: S3Server, choice: Choice) -> Offer:
        """Offers a server that was started for a choice.

        Raises:
            EnvironmentFault: It is external, so that everybody can reach it without being lent it.
        """
        if server.container is None or server.image is None:
            raise EnvironmentFault(Problem.SETTING, f"{server.file.title} is nobody's to lend")
        return cls(
            choice=_plain(choice),
            server=server.file.name,
            endpoint_url=server.endpoint_url,
            access_key=server.access_key,
            secret_key=server.secret_key,
            container=server.container.name,
            image=server.image,
            seconds=server.seconds,
        )

    def is_for(self, choice: Choice) -> bool:
        """Whether whoever makes this choice would start just such a server."""
        return self.choice == _plain(choice)

    def borrow(self, client: docker.DockerClient) -> S3Server:
        """Returns the server, as ready as when it was lent.

        Raises:
            EnvironmentFault: It is gone, or not ready any more.
        """
        file = server_files.load(self.server)
        view = ContainerView.of(client, self.container, f"{file.title} (image {self.image.reference})")
        access = Access(self.endpoint_url, self.access_key, self.secret_key, file.health_path)
        server = S3Server(file, access, view, self.image, self.seconds)
        server.wait_until_ready()
        return server

    def as_message(self) -> dict[str, Any]:
        """What `from_message` makes an offer of, in another process: nothing that JSON could not hold."""
        choice = {"name": self.choice.name, "image": self.choice.image}
        return {**asdict(self), "choice": choice}

    @classmethod
    def from_message(cls, told: Mapping[str, Any]) -> Offer:
        """The offer of another process."""
        image = told["image"]
        steps = tuple(Step(**step) for step in image["steps"])
        return cls(**{**told, "choice": Choice(**told["choice"]), "image": Image(**{**image, "steps": steps})})


def _plain(choice: Choice) -> Choice:
    """The choice with the default server's name where it names none."""
    return replace(choice, name=choice.name or server_files.DEFAULT)


class Desk:
    """Where this process keeps what it was offered; nothing, for a run that is a single process."""

    def __init__(self) -> None:
        self.offer: Offer | None = None


DESK = Desk()
