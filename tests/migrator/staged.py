"""A target that keeps what is staged in memory and remembers what became of it."""

import io

import pyarrow as pa
import pyarrow.parquet as pq


class MemoryUpload:
    def __init__(self, stage, key, metadata):
        self.stage = stage
        self.key = key
        self.metadata = dict(metadata)
        self.data = io.BytesIO()
        self.closed = False
        self.aborted = False
        self.writes = 0

    def write(self, data):
        assert not self.closed
        assert not self.aborted
        if self.stage.failure is not None and self.data.tell() + len(data) > self.stage.fail_after:
            raise self.stage.failure
        self.writes += 1
        return self.data.write(data)

    def close(self):
        self.closed = True

    def abort(self):
        self.aborted = True

    def parquet(self):
        return pq.ParquetFile(pa.BufferReader(self.data.getvalue()))


class MemoryStage:
    """Give `failure` to have writes raise it once more than `fail_after` bytes would be there."""

    def __init__(self, failure=None, fail_after=0):
        self.failure = failure
        self.fail_after = fail_after
        self.uploads = []

    def stage(self, key, metadata):
        self.uploads.append(MemoryUpload(self, key, metadata))
        return self.uploads[-1]

    @property
    def left(self):
        return [upload for upload in self.uploads if not upload.aborted]
