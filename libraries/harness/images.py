"""Which image a server runs from: the one that was asked for, one that is here, a pulled or a built one."""

from __future__ import annotations

import time
from dataclasses import dataclass

import docker
from docker.errors import DockerException, ImageNotFound

from harness import image_build, image_pull
from harness.problems import EnvironmentFault, Problem
from harness.progress import Say, say, seconds
from harness.server_files import PinnedImage, ServerFile


@dataclass(frozen=True)
class Step:
    """One attempt to get an image: what was tried, what came of it, and how many seconds it took."""

    tried: str
    result: str
    seconds: float

    def __str__(self) -> str:
        return f"{self.tried}: {self.result} ({seconds(self.seconds)})"


@dataclass(frozen=True)
class Image:
    """The image that was taken.

    Attributes:
        reference: Its name.
        image_id: Its id on this engine; containers are started from it, so that a moved tag changes nothing.
        digest: Its digest in a registry, or None for an image that was built here.
        steps: How it was found, in order.
    """

    reference: str
    image_id: str
    digest: str | None
    steps: tuple[Step, ...]

    @property
    def identity(self) -> str:
        """The digest, or for an image built here its id, for the report."""
        return self.digest or f"{self.image_id} (built here, so it has an id and no registry digest)"


class _Resolution:
    """Collects the steps of one search."""

    def __init__(self, client: docker.DockerClient, tell: Say) -> None:
        self.client = client
        self.tell = tell
        self.steps: list[Step] = []
        self.faults: list[EnvironmentFault] = []

    def note(self, tried: str, result: str, begun: float) -> None:
        self.steps.append(Step(tried, result, time.monotonic() - begun))

    def here(self, reference: str) -> Image | None:
        begun = time.monotonic()
        try:
            found = self.client.images.get(reference)
        except ImageNotFound:
            self.note(f"{reference} on this machine", "not here", begun)
            return None
        self.note(f"{reference} on this machine", "taken", begun)
        return self._image(reference, found.id or "", found.attrs.get("RepoDigests") or [])

    def pulled(self, image: PinnedImage | str) -> Image | None:
        begun = time.monotonic()
        name = image if isinstance(image, str) else image.pinned
        self.tell(f"Pulling {name} (at most {seconds(image_pull.PULL_LIMIT)}) …")
        try:
            reference = image_pull.pull(self.client, image, tell=self.tell)
            found = self.client.images.get(reference)
        except EnvironmentFault as fault:
            self.faults.append(fault)
            self.note(f"pull of {name}", f"{fault.problem.value}: {fault.detail}", begun)
            self.tell(f"  not pulled: {fault.problem.value} ({seconds(time.monotonic() - begun)})")
            return None
        self.note(f"pull of {name}", "taken", begun)
        return self._image(reference, found.id or "", found.attrs.get("RepoDigests") or [])

    def built(self, server: ServerFile, tag: str) -> Image | None:
        begun = time.monotonic()
        try:
            image_build.build(self.client, server, tag=tag, tell=self.tell)
            found = self.client.images.get(tag)
        except EnvironmentFault as fault:
            self.faults.append(fault)
            self.note(f"local build of {tag}", f"{fault.problem.value}: {fault.detail}", begun)
            return None
        self.note(f"local build of {tag}", "taken", begun)
        self.tell(f"  built {tag} in {seconds(time.monotonic() - begun)}")
        return self._image(tag, found.id or "", [])

    def _image(self, reference: str, image_id: str, digests: list[str]) -> Image:
        repository = image_pull.split_reference(reference)[0]
        of_registry = [digest for digest in digests if digest.startswith(f"{repository}@")] or digests
        return Image(reference, image_id, of_registry[0] if of_registry else None, tuple(self.steps))


def resolve(client: docker.DockerClient, server: ServerFile, *, asked: str | None = None, tell: Say = say) -> Image:
    """Finds the server's image: asked for, else here, else pulled by its digest, else built here.

    Args:
        client: The engine.
        server: The server's file.
        asked: A reference that a user gave; then no other image will do.
        tell: Where progress goes.

    Raises:
        EnvironmentFault: None of the ways led to an image; each is told with its reason.
    """
    search = _Resolution(client, tell)
    try:
        image = _asked(search, asked) if asked else _any(search, server)
    except (DockerException, OSError) as error:
        raise EnvironmentFault(Problem.ENGINE_GONE, f"while looking for an image of {server.title}: {error}") from error
    if image is not None:
        return image
    remedy = (
        f"check the reference {asked}, or leave S3_IMAGE out"
        if asked
        else "`make image` tries it alone; --variable S3_IMAGE:… takes an image of yours"
    )
    ways = "; ".join(map(str, search.steps))
    problem = search.faults[-1].problem if search.faults else Problem.NO_SUCH_IMAGE
    raise EnvironmentFault(problem, f"no image for {server.title}: {ways}. Remedy: {remedy}")


def _asked(search: _Resolution, reference: str) -> Image | None:
    return search.here(reference) or search.pulled(reference)


def _any(search: _Resolution, server: ServerFile) -> Image | None:
    tag = image_build.tag_of(server)
    here = [image.pinned for image in server.images] + ([tag] if server.build else [])
    for reference in here:
        if (image := search.here(reference)) is not None:
            return image
    for pinned in server.images:
        if (image := search.pulled(pinned)) is not None:
            return image
    return search.built(server, tag) if server.build else None
