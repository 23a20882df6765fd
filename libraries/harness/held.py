"""Which file of the source it is whose upload the gate holds."""

from harness.exchange import Exchange
from harness.truth import MockFile
from harness.world import PREFIX, World


def held_file(world: World) -> MockFile:
    """The file whose upload was held first, of one object that bears its name.

    Raises:
        AssertionError: None is held.
    """
    held = [each for each in world.gate.exchanges if is_held(each)]
    if not held:
        raise AssertionError("The gate holds no upload: the Given is missing.")
    return world.truth.file(held[0].key.removeprefix(f"{PREFIX}/").removesuffix(".parquet"))


def is_held(exchange: Exchange) -> bool:
    """Whether the gate has held a request before the server saw it."""
    return exchange.fate.startswith("held before")
