"""Where the target is, as the command line says it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from migrator.errors import UsageError
from migrator.names import normal_prefix

_SCHEME = "s3://"
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")


@dataclass(frozen=True)
class Address:
    """A bucket and the prefix (without outer slashes, empty for none) that all keys stand under."""

    bucket: str
    prefix: str = ""

    @classmethod
    def parse(cls, text: str) -> "Address":
        """The address written as `s3://BUCKET[/PREFIX]`.

        Raises:
            UsageError: It is written otherwise, or PREFIX is not UTF-8.
        """
        if text[: len(_SCHEME)].lower() != _SCHEME:
            raise UsageError(f"{shown(text)} is no target; write s3://BUCKET or s3://BUCKET/PREFIX")
        bucket, _, prefix = text[len(_SCHEME) :].partition("/")
        if not _BUCKET.fullmatch(bucket):
            raise UsageError(
                f"{shown(bucket)} in {shown(text)} is no bucket's name (letters, digits, `.`, `-`, `_`);"
                " write s3://BUCKET or s3://BUCKET/PREFIX"
            )
        try:
            prefix.encode()
        except UnicodeEncodeError:
            raise UsageError(f"the prefix in {shown(text)} is not UTF-8; write one that is") from None
        return cls(bucket, normal_prefix(prefix))

    @property
    def under(self) -> str:
        """What every key under the prefix starts with: `PREFIX/`, or nothing."""
        return f"{self.prefix}/" if self.prefix else ""

    def __str__(self) -> str:
        return _SCHEME + self.bucket + (f"/{self.prefix}" if self.prefix else "")


@dataclass(frozen=True)
class TargetSettings:
    """How the target is reached.

    Args:
        scratch: An existing folder for what does not fit into memory.
        endpoint_url: From `--endpoint-url`; None takes it from the environment and the shared configuration.
        retry_for: How many seconds an outage is borne.
        stop: Whether a graceful stop was asked for.

    Raises:
        UsageError: The endpoint is no URL of a server, or `retry_for` is negative.
    """

    scratch: Path
    endpoint_url: str | None = None
    retry_for: float = 60.0
    stop: Callable[[], bool] = bool

    def __post_init__(self) -> None:
        if self.endpoint_url is not None:
            problem = endpoint_problem(self.endpoint_url)
            if problem:
                raise UsageError(f"--endpoint-url {problem}")
        if not 0 <= self.retry_for < float("inf"):
            raise UsageError(f"--retry-for {self.retry_for:g} is unusable; give a number of seconds from 0 on")


def endpoint_problem(url: str) -> str:
    """What is wrong with an endpoint's URL and what would be right, or the empty text."""
    right = "write http://HOST[:PORT] or https://HOST[:PORT]"
    parts = split_url(url, "URL", right)
    if isinstance(parts, str):
        return parts
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0 or url != url.strip():
        return f"{shown(url)} is no endpoint; {right}"
    if parts.query or parts.fragment:
        return f"{shown(url)} has a query or a fragment; {right}"
    return ""


def split_url(text: str, what: str, right: str) -> SplitResult | str:
    """A server's URL taken apart, or what is wrong with it.

    Args:
        text: The URL.
        what: What it should be.
        right: What would be right.
    """
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return f"is no {what}; {right}"
    if parts.username is not None or parts.password is not None:
        # The text is not quoted: it may hold a password.
        return f"holds a user name or password, which are never given there; {right}"
    return parts


def shown(text: str) -> str:
    """A text in quotes, which can be printed whatever is in it."""
    return repr(text.encode(errors="backslashreplace").decode())
