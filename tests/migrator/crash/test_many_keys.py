"""More keys than one page of a listing holds."""

import json
import time

import pytest

from migrator import options
from migrator.entries import Entry, FileState, StoredObject
from migrator.names import Format
from migrator.state import State
from migrator.state_schema import create
from migrator.verify import verify
from tests.migrator.crash.migration import Migration, arrive
from tests.migrator.s3_fake import BUCKET

PAGE = 1000
FILES = {f"{number // 100}/{number}.txt": b"%d\n" % number for number in range(PAGE + 50)}
MANY = Migration(
    before={},
    files=FILES,
    exit_code=0,
    places={f"done/{path}": data for path, data in FILES.items()},
    reasons={},
    objects={f"{path}.parquet": [{"line_number": 1, "line": data.decode().rstrip()}] for path, data in FILES.items()},
)


def test_a_lost_state_is_rebuilt_from_more_keys_than_a_page_holds(crash_world):
    with crash_world.case(MANY) as case:
        case.endpoint_url = case.bucket.endpoint_url
        assert case.run().code == 0
        arrive(case.source, {"late.csv": b"a\n1\n"})
        case.lose_state()
        told = case.command_with_target("verify", "--json")
        unknown = [each["path"] for each in told.json()["differences"] if each["difference"] == "unknown-file"]
        assert sorted(unknown) == sorted(MANY.places)
        before = set(case.bucket.versions())
        assert len(before) == len(FILES)
        assert case.run().code == 0
        assert [version.key for version in set(case.bucket.versions()) ^ before] == ["lake/late.csv.parquet"]
        told = case.command_with_target("verify", "--json")
        assert told.json()["differences"] == []
        assert case.status()["counts"]["done"] == len(FILES) + 1


@pytest.mark.long
def test_a_hundred_thousand_keys_take_seconds(tmp_path, capsys, s3):
    count = 100_000
    source = tmp_path / "source"
    (source / "done").mkdir(parents=True)
    (source / ".migrator").mkdir()
    path = source / ".migrator/state.sqlite3"
    create(path)
    with State(path) as state, state.transaction():
        for number in range(count):
            name, key = f"{number:06}.csv", f"lake/{number:06}.csv.parquet"
            (source / "done" / name).write_bytes(b"1")
            s3.objects[key] = b"%d" % number
            stored = StoredObject(key, 1, len(s3.objects[key]), s3.etag(s3.objects[key]))
            entry = Entry(0, name, f"done/{name}", Format.CSV, 1, 0, None, FileState.DONE)
            state.add_known(entry, [stored])
    del s3.objects["lake/054321.csv.parquet"]
    command = ["verify", str(source), f"s3://{BUCKET}/lake", "--endpoint-url", s3.endpoint_url, "--json"]
    began = time.process_time()
    assert verify(options.parse(command)) == 3
    # The server's own work is among it, which sorts all keys anew for each page.
    seconds = time.process_time() - began
    (found,) = json.loads(capsys.readouterr().out)["differences"]
    assert (found["difference"], found["path"]) == ("missing-object", "054321.csv")
    assert seconds < 60
