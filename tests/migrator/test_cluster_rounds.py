"""Rounds of kills on a cluster: workers die at uploads that dice have drawn, and nothing is lost or stored twice.

Two rounds in a short run; twenty where TEST_LONG is set. The seed of a round that fails is its name.
"""

import io
import os
import random
from collections import Counter

import pyarrow.parquet as pq
import pytest

from tests.migrator.on_cluster import LIMIT, Place, all_done

ROUNDS = 20 if os.environ.get("TEST_LONG") else 2
FILES = 40
# A file that one worker more died of is given to nobody any more, as it should be.
MOST_KILLS = 3


@pytest.fixture
def place(tmp_path):
    place = Place(tmp_path)
    yield place
    place.close()


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_killed_workers_lose_nothing_and_double_nothing(place, seed):
    dice = random.Random(seed)  # noqa: S311 - the same each time
    kills = dice.randint(1, MOST_KILLS)
    # The one worker of one thread waits at each of these uploads, so all later ones are still to come.
    deadly = sorted(dice.sample(range(1, FILES + 1), kills))
    steps = [upload - before for before, upload in zip([0, *deadly], deadly, strict=False)]
    place.write(FILES)
    stored = count_stored(place)
    cluster = place.cluster()
    worker = cluster.add_worker()
    place.hold(steps[0], stored=dice.random() < 0.5)
    # A cluster may be without workers for as long as the next one takes to start, however busy the machine.
    run = place.start(cluster.address, "--retry-for", str(LIMIT))
    for step in [*steps[1:], 0]:
        place.wait_until_held(run)
        worker.kill()
        # While there is no worker nothing is uploaded, so the count begins with the next one's first.
        if step:
            place.hold(step, stored=dice.random() < 0.5)
        worker = cluster.add_worker()
    place.release()
    code, told = place.end(run)
    assert code == 0, told
    all_done(place, FILES)
    assert stored == dict.fromkeys(place.s3.objects, 1)
    for number in range(FILES):
        rows = pq.read_table(io.BytesIO(place.s3.objects[f"lake/{number:03}.csv.parquet"])).to_pylist()
        assert [list(row.values()) for row in rows] == [[number, "x"]]
        assert (place.source / "done" / f"{number:03}.csv").read_text() == f"a,b\n{number},x\n"


def count_stored(place: Place) -> Counter[str]:
    """How often each key has been stored, counted from now on."""
    stored: Counter[str] = Counter()
    plain = place.s3.answer

    def answer(request, body, change):
        told = plain(request, body, change)
        if request.method == "PUT" and told[0] == 200:
            stored[request.key] += 1
        return told

    place.s3.answer = answer
    return stored
