"""What the gate does to the requests that a scenario chooses: hold them, answer in the server's place, cut them off."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase

from harness.s3_requests import UPLOADS, Act, S3Request


class Stage(StrEnum):
    """Where on its way a request is held."""

    REQUEST = "before it reaches the server"
    ANSWER = "after the server answered"


@dataclass(frozen=True)
class Hold:
    """Keep the request, or the server's answer to it, until the rule is lifted."""

    stage: Stage = Stage.REQUEST


@dataclass(frozen=True)
class Answer:
    """Answer in the server's place; the server never sees the request.

    Attributes:
        status: HTTP status.
        code: S3's error code for the XML body.
    """

    status: int
    code: str

    def body(self, key: str) -> bytes:
        """The XML document that S3 sends with an error."""
        return (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{self.code}</Code>'
            f"<Message>answered by the gate</Message><Resource>{_xml(key)}</Resource></Error>"
        ).encode(errors="replace")


OVERLOADED = Answer(503, "SlowDown")
"""Of a server that has too much to do."""


@dataclass(frozen=True)
class CutRequest:
    """Pass on this many bytes of the body, then cut both connections."""

    after_bytes: int


@dataclass(frozen=True)
class LoseAnswer:
    """Let the server carry the request out, then cut the connection in place of its answer."""


Effect = Hold | Answer | CutRequest | LoseAnswer


def told(effect: Effect) -> str:
    """What is done to a request, for a diary."""
    match effect:
        case Hold(stage):
            return "held" if stage is Stage.REQUEST else "answer held"
        case Answer(status, code):
            return f"answers {status} {code}"
        case CutRequest():
            return "cut off"
        case LoseAnswer():
            return "answer lost"


@dataclass
class Rule:
    """An effect on chosen requests.

    Args:
        effect: What happens to them.
        acts: The acts that count.
        first: The first of the counted requests that is met, from 1.
        count: How many are met; None is all from the first on.
        key: A pattern (`*`, `?`) of the keys that count.
    """

    effect: Effect
    acts: frozenset[Act] = UPLOADS
    first: int = 1
    count: int | None = None
    key: str = "*"
    seen: int = 0
    met: threading.Event = field(default_factory=threading.Event)
    lifted: bool = False

    def meets(self, request: S3Request) -> bool:
        """Count the request; true where the effect is for it."""
        if self.lifted or request.act not in self.acts or not fnmatchcase(request.key, self.key):
            return False
        self.seen += 1
        if self.seen < self.first or (self.count is not None and self.seen >= self.first + self.count):
            return False
        if not self.holds_answers:
            self.met.set()
        return True

    def expire(self) -> None:
        """No further request meets it; what it holds stays held."""
        so_far = max(0, self.seen - self.first + 1)
        self.count = so_far if self.count is None else min(self.count, so_far)

    @property
    def holds_answers(self) -> bool:
        """It is met only once the server's answer is there, not when the request comes."""
        return isinstance(self.effect, Hold) and self.effect.stage is Stage.ANSWER

    def describe(self) -> str:
        """The rule in words, for messages."""
        which = f"number {self.first}" if self.count == 1 else f"number {self.first} and later ones"
        where = "" if self.key == "*" else f" of keys like {self.key}"
        return f"{type(self.effect).__name__} for {_names(self.acts)} {which}{where}"


def _names(acts: Iterable[Act]) -> str:
    return " or ".join(sorted(acts))


def _xml(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
