"""Where bytes wait on their way."""

import os
import zlib

import pytest

from migrator.budget import Budget
from migrator.errors import KeyRefused, StateUnusable
from migrator.staging import PART_BYTES, Spool, StagedUpload


class Parts:
    """Takes parts as a multipart upload would, and refuses if told to."""

    def __init__(self):
        self.parts, self.aborted, self.error = [], 0, None

    def add(self, spool):
        if self.error:
            spool.discard()
            raise self.error
        self.parts.append(b"".join(bytes(block) for block in spool.blocks()))
        spool.discard()
        return len(self.parts)

    def abort(self):
        self.aborted += 1


@pytest.fixture
def parts():
    return Parts()


def upload(parts, scratch, budget):
    return StagedUpload("key", {}, lambda: Spool(budget, scratch), lambda: parts)


@pytest.mark.parametrize("size", [0, 1, PART_BYTES - 1, PART_BYTES])
def test_an_object_up_to_a_part_stays_whole(parts, tmp_path, size):
    staged = upload(parts, tmp_path, Budget(PART_BYTES))
    assert staged.write(bytes(size)) == size
    staged.close()
    assert staged.multipart is None
    assert (len(staged.spool.whole()), staged.size) == (size, size)


@pytest.mark.parametrize("step", [PART_BYTES // 3 + 1, PART_BYTES, 3 * PART_BYTES])
def test_a_bigger_object_leaves_in_parts_of_eight_mebibytes(parts, tmp_path, step):
    data = os.urandom(1024) * (2 * PART_BYTES // 1024) + b"end"
    staged = upload(parts, tmp_path, Budget(4 * PART_BYTES))
    for start in range(0, len(data), step):
        staged.write(data[start : start + step])
    staged.close()
    staged.close()
    assert [len(part) for part in parts.parts] == [PART_BYTES, PART_BYTES, 3]
    assert b"".join(parts.parts) == data
    assert (staged.size, staged.crc) == (len(data), zlib.crc32(data))


def test_what_does_not_fit_into_memory_waits_in_a_file_that_has_no_name(tmp_path):
    budget = Budget(10)
    spool = Spool(budget, tmp_path)
    spool.write(memoryview(b"12345678"))
    spool.write(memoryview(b"90abc"))
    spool.write(memoryview(b"def"))
    assert spool.whole() == b"".join(spool.blocks()) == b"1234567890abcdef"
    assert not list(tmp_path.iterdir())
    assert budget.take(10)
    spool.discard()
    spool.discard()


def test_the_budget_comes_back(parts, tmp_path):
    budget = Budget(PART_BYTES)
    for _ in range(3):
        staged = upload(parts, tmp_path, budget)
        staged.write(bytes(PART_BYTES))
        staged.abort()
        staged.abort()
    assert budget.take(PART_BYTES)


def test_a_part_that_failed_is_told_by_the_next_write(parts, tmp_path):
    staged = upload(parts, tmp_path, Budget(PART_BYTES))
    parts.error = KeyRefused("no")
    with pytest.raises(KeyRefused):
        staged.write(bytes(PART_BYTES + 1))
    staged.abort()
    assert parts.aborted == 1


def test_a_closed_upload_takes_no_more(parts, tmp_path):
    staged = upload(parts, tmp_path, Budget(10))
    staged.close()
    with pytest.raises(ValueError, match="closed"):
        staged.write(b"x")


def test_no_room_for_scratch_is_told_with_the_folder(tmp_path):
    spool = Spool(Budget(1), tmp_path / "gone")
    with pytest.raises(StateUnusable, match="gone"):
        spool.write(memoryview(b"xx"))
