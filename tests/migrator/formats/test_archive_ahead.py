"""Reading ahead in a thread: the same bytes, the same error in its place, and no thread is left."""

import gzip
import io
import threading

import numpy as np
import pytest

from migrator.errors import ReasonCode, Refusal
from migrator.formats import archive_ahead
from migrator.formats.archive_ahead import AheadStream
from migrator.formats.archive_gzip import unpacked
from migrator.formats.archive_streams import PART, ByteStream
from migrator.formats.file_source import SMALL, FileSource
from tests.migrator.formats.fakes import MemorySource

DATA = np.random.default_rng(5).bytes(4 * PART + 77)
WAIT = 60  # seconds, for a thread that is there at once if anything works


class Scripted(ByteStream):
    """Gives parts one after the other, and at last raises an error if there is one."""

    def __init__(self, parts, error=None):
        self.parts = list(parts)
        self.error = error
        self.asked = threading.Semaphore(0)

    def some(self, size):
        self.asked.release()
        if self.parts:
            return self.parts.pop(0)
        if self.error is not None:
            raise self.error
        return b""


@pytest.mark.parametrize("size", [1, 1000, PART, 3 * PART])
def test_the_bytes_are_the_same_whatever_is_asked_for(size):
    parts = [DATA[:10], DATA[10:5000], DATA[5000 : 5000 + PART], DATA[5000 + PART :]]
    stop = 6000 if size == 1 else len(DATA)
    with AheadStream(Scripted(parts)) as stream:
        found = bytearray()
        while len(found) < stop and (data := stream.some(size)):
            assert len(data) <= size
            found += data
        assert found == DATA[: len(found)]
        assert len(found) >= stop


def test_the_end_is_an_end_however_often_it_is_asked_for():
    with AheadStream(Scripted([b"x"])) as stream:
        assert [stream.some(5) for _ in range(4)] == [b"x", b"", b"", b""]


def test_an_error_comes_behind_what_was_read_before_it_and_comes_again():
    error = Refusal(ReasonCode.CORRUPT_ARCHIVE, "the gzip data is damaged")
    with AheadStream(Scripted([b"one", b"two"], error)) as stream:
        assert stream.some(2) + stream.some(2) + stream.some(9) == b"onetwo"
        for _ in range(2):
            with pytest.raises(Refusal) as raised:
                stream.some(1)
            assert raised.value is error


def test_no_more_is_read_ahead_than_the_parts_that_may_wait():
    scripted = Scripted([b"x"] * 100)
    with AheadStream(scripted):
        for _ in range(archive_ahead._PARTS + 1):
            assert scripted.asked.acquire(timeout=WAIT)
        assert len(scripted.parts) >= 100 - archive_ahead._PARTS - 1


@pytest.mark.parametrize("error", [None, OSError("x")])
def test_closing_ends_the_thread_wherever_it_is(error):
    for count in (0, 1, archive_ahead._PARTS, archive_ahead._PARTS + 1, 100):
        scripted = Scripted([b"x"] * count, error)
        stream = AheadStream(scripted)
        assert scripted.asked.acquire(timeout=WAIT)
        stream.close()
        assert not stream._thread.is_alive()
        assert scripted.closed
        stream.close()


def test_who_reads_on_when_it_is_closed_does_not_wait_for_ever():
    with AheadStream(Scripted([b"one", b"two"])) as stream:
        assert stream.some(2) == b"on"
    found = []

    def read_on():
        try:
            while stream.some(9):
                pass
        except ValueError:
            found.append("closed")

    reader = threading.Thread(target=read_on, daemon=True)
    reader.start()
    reader.join(WAIT)
    assert found == ["closed"]


def big_gz(tmp_path, damage=0):
    packed = bytearray(gzip.compress(DATA[: SMALL + 50], 1, mtime=0))
    packed[-damage - 1] ^= damage and 0xFF
    path = tmp_path / "n.txt.gz"
    path.write_bytes(packed)
    return FileSource(path, len(packed), path.stat().st_mtime_ns)


def test_a_big_file_is_unpacked_ahead_and_nothing_else_is(tmp_path):
    source = big_gz(tmp_path)
    with unpacked(source, source.open()) as stream:
        assert isinstance(stream, AheadStream)
        assert stream.read() == DATA[: SMALL + 50]
    small = MemorySource(gzip.compress(b"x"))
    with unpacked(small, io.BytesIO(small.data)) as stream:
        assert not isinstance(stream, AheadStream)


def test_a_wrong_checksum_of_a_big_file_is_told(tmp_path):
    source = big_gz(tmp_path, damage=5)
    with unpacked(source, source.open()) as stream, pytest.raises(Refusal) as raised:
        stream.read()
    assert raised.value.code is ReasonCode.CORRUPT_ARCHIVE
