"""What the gate keeps of one request."""

from dataclasses import dataclass

from harness.diary import now
from harness.gate_rules import Stage
from harness.s3_requests import Act

ON_ITS_WAY = "on its way"
"""The fate of a request that has no answer yet, and is not held."""
PASSED = "passed"
_HELD = frozenset(f"held {stage}" for stage in Stage)


@dataclass
class Exchange:
    """One request as the gate saw it.

    Attributes:
        number: From 1, in the order of arrival.
        time: When it arrived, ISO 8601 in UTC.
        method: HTTP method.
        act: What it asks of S3.
        key: The object's key.
        upload: Its number among the uploads, from 1; None for every other act.
        fate: What the gate did, such as "passed" or "held before it reaches the server".
        status: HTTP status that the client was sent; None where it was sent none.
        region: What it was signed for; empty where it was not signed.
        answered: When the answer was sent, as `time`; empty where none was.
        hung_up: When the client hung up before it was answered, as `time`; empty where it did not.
    """

    number: int
    time: str
    method: str
    act: Act
    key: str
    upload: int | None
    fate: str = ON_ITS_WAY
    status: int | None = None
    region: str = ""
    answered: str = ""
    hung_up: str = ""

    def answer(self, fate: str, status: int) -> None:
        """Note what the client is about to be sent: once it has it, it may be over before anything else is noted."""
        self.answered, self.status, self.fate = now(), status, fate

    def broke(self, how: str) -> None:
        """Note that the connection broke before the client was sent all of an answer."""
        if self.fate in {ON_ITS_WAY, PASSED}:
            self.answered, self.status, self.fate = "", None, f"the connection broke: {how}"
        elif self.fate in _HELD:
            self.fate += f", then the connection broke: {how}"
