"""Which file of the source it is whose upload the gate holds."""

from harness.exchange import Exchange
from harness.truth import MockFile
from harness.world import PREFIX, World


def held_file(world: World) -> MockFile:
    """The file whose upload was held first, of one object that bears its name.

    Raises:
        AssertionError: None is held.
    """
    held = [each for each in world.gate.exchanges if _is_held(each)]
    if not held:
        raise AssertionError("The gate holds no upload: the Given is missing.")
    return world.truth.file(held[0].key.removeprefix(f"{PREFIX}/").removesuffix(".parquet"))


def _is_held(exchange: Exchange) -> bool:
    return exchange.fate.startswith("held before")
