import threading
from types import SimpleNamespace

import pytest
import requests
from docker.errors import APIError, ImageNotFound

from harness import image_build, image_pull, images, server_files
from harness.problems import EnvironmentFault, Problem
from harness.progress import say_nothing

MINIO = server_files.load("minio")
PINNED = MINIO.images[0].pinned
BUILT = image_build.tag_of(MINIO)


class FakeEngine:
    """An engine that has the images it is told of, and whose registry answers as it is told."""

    def __init__(self, here=(), registry=None):
        self.here = set(here)
        self.registry = registry
        self.images = SimpleNamespace(get=self.get)
        self.api = SimpleNamespace(pull=self.pull)
        self.pulled = []

    def get(self, reference):
        if reference not in self.here:
            raise ImageNotFound(reference)
        digests = [reference] if "@" in reference else []
        return SimpleNamespace(id=f"sha256:id-of-{reference}", attrs={"RepoDigests": digests})

    def pull(self, repository, tag, stream, decode):
        self.pulled.append((repository, tag))
        if isinstance(self.registry, BaseException):
            raise self.registry
        if callable(self.registry):
            self.registry()
        yield {"status": "Pulling"}
        if isinstance(self.registry, str):
            yield {"error": self.registry}
        else:
            self.here.add(f"{repository}@{tag}" if tag.startswith("sha256:") else f"{repository}:{tag}")


@pytest.fixture
def built(monkeypatch):
    made = []

    def build(client, server, *, tag, tell):
        made.append(tag)
        client.here.add(tag)
        return tag

    monkeypatch.setattr(image_build, "build", build)
    return made


def tried(image):
    return [(step.tried, step.result) for step in image.steps]


def test_an_image_that_was_asked_for_is_the_only_one_looked_at(built):
    image = images.resolve(FakeEngine({"mine:1", BUILT}), MINIO, asked="mine:1", tell=say_nothing)
    assert tried(image) == [("mine:1 on this machine", "taken")]


def test_an_image_that_was_asked_for_is_pulled_where_it_is_not_here(built):
    engine = FakeEngine()
    image = images.resolve(engine, MINIO, asked="host:5000/mine:1", tell=say_nothing)
    assert engine.pulled == [("host:5000/mine", "1")]
    assert image.reference == "host:5000/mine:1"


def test_an_image_that_was_asked_for_and_cannot_be_had_is_an_error_and_no_other_is_taken(built):
    engine = FakeEngine({BUILT}, APIError("x", explanation="manifest for mine:1 not found: manifest unknown"))
    with pytest.raises(EnvironmentFault) as told:
        images.resolve(engine, MINIO, asked="mine:1", tell=say_nothing)
    assert told.value.problem is Problem.NO_SUCH_IMAGE
    assert "mine:1" in str(told.value)
    assert built == []


def test_an_image_that_is_here_is_taken_without_a_pull(built):
    engine = FakeEngine({BUILT})
    image = images.resolve(engine, MINIO, tell=say_nothing)
    assert (image.reference, engine.pulled, built) == (BUILT, [], [])
    assert image.digest is None
    assert image.image_id in image.identity


def test_a_pinned_image_is_pulled_by_its_digest(built):
    engine = FakeEngine()
    image = images.resolve(engine, MINIO, tell=say_nothing)
    assert image.digest == PINNED
    assert tried(image)[-1] == (f"pull of {PINNED}", "taken")
    assert built == []


def test_without_a_network_the_image_is_built_and_every_step_is_told(built):
    engine = FakeEngine(registry=APIError("x", explanation="dial tcp: lookup registry-1.docker.io: no such host"))
    image = images.resolve(engine, MINIO, tell=say_nothing)
    assert [step.tried for step in image.steps] == [
        f"{PINNED} on this machine",
        f"{BUILT} on this machine",
        f"pull of {PINNED}",
        f"local build of {BUILT}",
    ]
    assert image.steps[2].result.startswith("there is no network")
    assert built == [BUILT]


def test_a_registry_that_says_nothing_is_given_up_in_time():
    never = threading.Event()
    with pytest.raises(EnvironmentFault) as told:
        image_pull.pull(FakeEngine(registry=never.wait), PINNED, tell=say_nothing, first_answer=0.1)
    never.set()
    assert told.value.problem is Problem.NO_NETWORK


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("manifest for x/y:1 not found: manifest unknown: manifest unknown", Problem.NO_SUCH_IMAGE),
        ("pull access denied for x, repository does not exist or may require 'docker login'", Problem.REFUSED),
        ("unauthorized: authentication required", Problem.REFUSED),
        ("toomanyrequests: You have reached your pull rate limit", Problem.RATE_LIMIT),
        ('Get "https://r/v2/": dial tcp: lookup r on 10.0.0.1:53: no such host', Problem.NO_NETWORK),
        ("net/http: TLS handshake timeout", Problem.NO_NETWORK),
        ("write /var/lib/docker/tmp/x: no space left on device", Problem.DISK_FULL),
        ("something that nobody has seen before", Problem.OTHER),
    ],
)
def test_errors_of_registries_are_told_apart(words, problem):
    with pytest.raises(EnvironmentFault) as told:
        image_pull.pull(FakeEngine(registry=words), PINNED, tell=say_nothing)
    assert told.value.problem is problem
    assert words in str(told.value)


def test_an_engine_that_goes_away_during_a_pull_is_told_as_such():
    with pytest.raises(EnvironmentFault) as told:
        image_pull.pull(FakeEngine(registry=requests.ConnectionError("gone")), PINNED, tell=say_nothing)
    assert told.value.problem is Problem.ENGINE_GONE


@pytest.mark.parametrize(
    ("reference", "parts"),
    [
        ("minio", ("minio", "latest")),
        ("a/b:1", ("a/b", "1")),
        ("host:5000/a/b", ("host:5000/a/b", "latest")),
        ("a/b@sha256:00", ("a/b", "sha256:00")),
        ("host:5000/a/b:1@sha256:00", ("host:5000/a/b", "sha256:00")),
    ],
)
def test_references_are_split_as_docker_does(reference, parts):
    assert image_pull.split_reference(reference) == parts
