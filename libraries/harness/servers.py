"""An S3 server that is ready to be used: in a container of its own, or one that was given."""

from __future__ import annotations

import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import docker

from harness import cleanup, engine_setup, images, server_files, watchdog
from harness.container_view import ContainerView
from harness.containers import LOCALHOST, Data, Plan, ServerContainer
from harness.engine import connect
from harness.images import Image
from harness.problems import EnvironmentFault, Problem
from harness.progress import Say, say
from harness.readiness import REGION, Access, Proof, prove, unfulfilled, wait_until_ready
from harness.run_id import Run, current
from harness.server_files import ServerFile

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


_sweeps: dict[int, bool] = {}


@dataclass(frozen=True)
class Choice:
    """What a caller may say about the server that is started.

    Attributes:
        name: A server's file; None for the default.
        image: An image of the caller's own; None for the usual search.
        endpoint_url: Where an external server answers; None for AWS_ENDPOINT_URL.
        data: Where the data are; ``Data.KEPT`` for servers that are stopped and started again.
        data_bytes: A size for the data folder, in bytes, to fill it up.
        port: A fixed port on 127.0.0.1; None lets Docker choose.
    """

    name: str | None = None
    image: str | None = None
    endpoint_url: str | None = None
    data: Data = Data.MEMORY
    data_bytes: int | None = None
    port: int | None = None


class S3Server:
    """A server that was ready when it was handed over.

    Attributes:
        file: What is known of it.
        container: Its container, to be looked at; None for an external server.
        image: The image it runs from; None for an external server.
        seconds: How long it took from the request to readiness.
    """

    def __init__(
        self, file: ServerFile, access: Access, container: ContainerView | None, image: Image | None, took: float
    ) -> None:
        self.file = file
        self.container = container
        self.image = image
        self.seconds = took
        self._access = access
        self._client: S3Client | None = None
        self._buckets: list[str] = []

    def __repr__(self) -> str:
        return f"S3Server({self.file.name} at {self.endpoint_url})"

    @property
    def endpoint_url(self) -> str:
        """``http://127.0.0.1:PORT``, or the external server's."""
        return self._access.endpoint_url

    @property
    def access_key(self) -> str:
        """The access key id."""
        return self._access.access_key

    @property
    def secret_key(self) -> str:
        """The secret access key; never to be logged."""
        return self._access.secret_key

    def proofs(self) -> tuple[Proof, ...]:
        """Returns the three proofs of readiness as they are now."""
        return prove(self._access)

    def check(self) -> None:
        """Looks whether the server serves as it did when it was handed over.

        Raises:
            EnvironmentFault: Its container has ended, or one of the three proofs does not hold any more.
        """
        if self.container is not None:
            self.container.check_alive()
        lacking = unfulfilled(self._access)
        if lacking is not None:
            raise EnvironmentFault(
                Problem.NOT_SERVING,
                f"{self.file.title} at {self.endpoint_url}: {lacking.name}: expected {lacking.expected}, "
                f"seen {lacking.seen}",
            )

    def wait_until_ready(self) -> float:
        """Waits until the server is ready again (after a start) and returns the seconds that took.

        Raises:
            EnvironmentFault: It ended, or was not ready within its file's limit.
        """
        alive = self.container.check_alive if self.container else lambda: None
        return wait_until_ready(self._access, self.file.ready_seconds, what=self.file.title, check_alive=alive)

    def bucket(self) -> str:
        """Makes a new versioned bucket and returns its name, which bears the run's id."""
        name = f"{current().name}-{secrets.token_hex(5)}"
        client = self._s3()
        client.create_bucket(Bucket=name)
        self._buckets.append(name)
        client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return name

    def started_again(self) -> None:
        """Starts the container again after stop or kill, and waits until the server is ready."""
        self.require_container().start()
        self.wait_until_ready()

    def require_container(self) -> ServerContainer:
        """Returns the container, to be stopped and broken.

        Raises:
            EnvironmentFault: The server is external, or lent to several processes.
        """
        if not isinstance(self.container, ServerContainer):
            raise EnvironmentFault(Problem.SETTING, f"{self.file.title} has no container of ours to do this with")
        return self.container

    def remove(self) -> None:
        """Removes the container with its data, unless it is lent; of an external server only buckets made here."""
        if self.container is not None:
            if isinstance(self.container, ServerContainer):
                self.container.remove()
            return
        while self._buckets:
            self._empty(self._buckets[-1])
            self._buckets.pop()

    def _s3(self) -> S3Client:
        if self._client is None:
            # boto3 takes a third of a second to import, which nobody needs who only wants the server.
            import boto3
            from botocore.config import Config

            self._client = boto3.client(
                "s3",
                endpoint_url=self.endpoint_url,
                aws_access_key_id=self.access_key,
                aws_secret_access_key=self.secret_key,
                region_name=REGION,
                config=Config(s3={"addressing_style": "path"}, connect_timeout=20, read_timeout=60),
            )
        return self._client

    def _empty(self, bucket: str) -> None:
        client = self._s3()
        try:
            for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket):
                for item in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
                    client.delete_object(Bucket=bucket, Key=item["Key"], VersionId=item["VersionId"])
            for upload in client.list_multipart_uploads(Bucket=bucket).get("Uploads", []):
                client.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
            client.delete_bucket(Bucket=bucket)
        except client.exceptions.NoSuchBucket:
            return


def start(choice: Choice = Choice(), *, tell: Say = say, folder: Path = server_files.FOLDER) -> S3Server:
    """Starts a server and returns it when it is ready; whatever was begun is removed if it does not get there.

    Args:
        choice: What to start.
        tell: Where progress goes.
        folder: Where the servers' files are.

    Raises:
        EnvironmentFault: It could not be done, with the cause.
    """
    begun = time.monotonic()
    file = server_files.load(choice.name or server_files.DEFAULT, folder)
    if file.external:
        access = _external(file, choice)
        wait_until_ready(access, file.ready_seconds, what=file.title, check_alive=lambda: None)
        return S3Server(file, access, None, None, time.monotonic() - begun)
    run = current()
    watchdog.guard(run)
    engine_setup.ensure(tell)
    client = connect()
    sweep_once(client, tell)
    image = images.resolve(client, file, asked=choice.image, tell=tell)
    return _in_container(client, file, choice, image, run, begun)


def sweep_once(client: docker.DockerClient, tell: Say) -> None:
    """Removes what lost runs left, once in a process's life, and tells of it."""
    if _sweeps.get(os.getpid()):
        return
    _sweeps[os.getpid()] = True
    removed, failed = cleanup.sweep(client)
    for line in removed:
        tell(f"Removed what a lost run left: {line}")
    for line in failed:
        tell(f"A lost run left something that could not be removed: {line}")


def _in_container(
    client: docker.DockerClient, file: ServerFile, choice: Choice, image: Image, run: Run, begun: float
) -> S3Server:
    access_key, secret_key = secrets.token_hex(10), secrets.token_hex(20)
    credentials = {file.access_key_variable: access_key, file.secret_key_variable: secret_key}
    plan = Plan(file, image, run, credentials, choice.data, choice.data_bytes, choice.port)
    container = ServerContainer(client, plan)
    try:
        container.start()
        access = Access(f"http://{LOCALHOST}:{container.port}", access_key, secret_key, file.health_path)
        wait_until_ready(access, file.ready_seconds, what=file.title, check_alive=container.check_alive)
    except BaseException:
        container.remove()
        raise
    return S3Server(file, access, container, image, time.monotonic() - begun)


def _external(file: ServerFile, choice: Choice) -> Access:
    given = {
        "S3_ENDPOINT_URL or AWS_ENDPOINT_URL": choice.endpoint_url or os.environ.get("AWS_ENDPOINT_URL", ""),
        "AWS_ACCESS_KEY_ID": os.environ.get("AWS_ACCESS_KEY_ID", ""),
        "AWS_SECRET_ACCESS_KEY": os.environ.get("AWS_SECRET_ACCESS_KEY", ""),
    }
    missing = [name for name, value in given.items() if not value]
    if missing:
        raise EnvironmentFault(
            Problem.SETTING,
            f"{file.title} needs {', '.join(missing)}: the endpoint as --variable S3_ENDPOINT_URL:http://… or in the "
            "environment, the credentials in the environment",
        )
    endpoint, access_key, secret_key = given.values()
    if not endpoint.startswith(("http://", "https://")):
        raise EnvironmentFault(Problem.SETTING, f"the endpoint must begin with http:// or https://, not {endpoint!r}")
    return Access(endpoint.rstrip("/"), access_key, secret_key, file.health_path)
