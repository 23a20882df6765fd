"""How a keyword records what a success criterion measures: in the log, in the suite's metadata, and for the matrix."""

from __future__ import annotations

import json
from html import escape

from robot.api import logger
from robot.libraries.BuiltIn import BuiltIn, RobotNotRunningError

from harness.share import Share
from report.specification import FIGURE_ATTRIBUTE, Limit, specification

_worst: dict[str, float] = {}


def record(identifier: str, value: float | Share) -> None:
    """Log a figure beside its limit; the test's verdict is not touched, for that is the `Should` keyword's business.

    Args:
        identifier: Of the success criterion, such as "SC-005".
        value: In the criterion's unit; a share is a percentage that tells of how many.
    """
    limit = specification().claim(identifier).limit
    if limit is None:
        raise ValueError(f"{identifier} measures nothing; only a success criterion with a figure does")
    if isinstance(value, Share) and not value.whole:
        logger.info(f"{identifier} {limit.title}: nothing was there to be measured", html=False)
        return
    number = value.percent if isinstance(value, Share) else float(value)
    shown = str(value) if isinstance(value, Share) else limit.shown(number)
    data = escape(json.dumps({"id": identifier, "value": number, "shown": shown}))
    told = f"{identifier} {escape(limit.title)}: <b>{escape(shown)}</b>, must be {escape(str(limit))}"
    logger.info(f"<span {FIGURE_ATTRIBUTE}='{data}'>{told}</span>", html=True)
    if identifier not in _worst or _is_worse(limit, number, _worst[identifier]):
        _worst[identifier] = number
        _tell(f"{identifier} {limit.title}", f"{shown} (must be {limit})")


def _is_worse(limit: Limit, value: float, than: float) -> bool:
    return value < than if limit.must_be.value.endswith("least") else value > than


def _tell(name: str, value: str) -> None:
    try:
        BuiltIn().set_suite_metadata(name, value, top=True)
    except RobotNotRunningError:
        # A test of the libraries, where there is no report.
        return
