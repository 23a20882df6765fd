"""Log lines on stderr, as text or as one JSON object each; secrets never get there."""

import json
import logging
import os
import re
import sys
from typing import Any

from migrator.entries import now
from migrator.printable import printable

_SECRET_VARIABLES = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")
_USER_INFO = re.compile(r"(?<=://)[^/@\s]*:[^/@\s]*@")
_MASK = "***"
_LOGGER = "migrator"

log = logging.getLogger(_LOGGER)


class Redaction:
    """Takes the secrets that the environment holds now, and the credentials of URLs, out of texts."""

    def __init__(self) -> None:
        self._secrets = [secret for variable in _SECRET_VARIABLES if (secret := os.environ.get(variable))]

    def __call__(self, text: str) -> str:
        """`text` without them, and in UTF-8."""
        for secret in self._secrets:
            text = text.replace(secret, _MASK)
        if "@" in text:
            text = _USER_INFO.sub(f"{_MASK}@", text)
        return text if text.isascii() else text.encode(errors="backslashreplace").decode()


def redacted(text: str) -> str:
    """`text` without the secrets of the environment and the credentials of URLs, and in UTF-8."""
    return Redaction()(text)


def set_up(log_format: str) -> None:
    """Send the migrator's log to stderr; `log_format` is `text` or `json`."""
    # No line tells where in the code or by which thread it was written; to find out costs more than all else of it.
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines() if log_format == "json" else _TextLines())
    log.handlers[:] = [handler]
    log.setLevel(logging.INFO)
    log.propagate = False


def fields(**values: Any) -> dict[str, dict[str, Any]]:
    """What a line tells besides its message, for `log.info(…, extra=fields(path=…))`."""
    return {"fields": values}


class Lines(logging.Formatter):
    """The message alone, on one line but for a traceback, without secrets."""

    def __init__(self) -> None:
        super().__init__()
        self._redacted = Redaction()

    def format(self, record: logging.LogRecord) -> str:
        """What stands in the log."""
        message = self._redacted(_whole(self, record))
        return message if record.exc_info else printable(message)


class _TextLines(Lines):
    def format(self, record: logging.LogRecord) -> str:
        return f"{now()} {record.levelname.lower()} {super().format(record)}"


class _JsonLines(logging.Formatter):
    def __init__(self) -> None:
        super().__init__()
        self._redacted = Redaction()

    def format(self, record: logging.LogRecord) -> str:
        line = {"time": now(), "level": record.levelname.lower(), "message": self._redacted(_whole(self, record))}
        for name, value in getattr(record, "fields", {}).items():
            line.setdefault(name, self._redacted(value) if name == "reason" else value)
        return json.dumps(line)


def _whole(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    message = record.getMessage()
    return f"{message}\n{formatter.formatException(record.exc_info)}" if record.exc_info else message
