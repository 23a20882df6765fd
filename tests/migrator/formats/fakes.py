"""Sources and sinks in memory."""

import io

import pyarrow as pa


class MemorySource:
    """Bytes under a name, given at most `step` a read; their `size` is told or not."""

    path = None

    def __init__(self, data, name="x.csv", step=1 << 30, size=None):
        self.data = data
        self.size = size
        self.name = name
        self.step = step
        self.streams = []

    def open(self):
        stream = _Stream(self.data, self.step)
        self.streams.append(stream)
        return stream


class _Stream(io.BytesIO):
    def __init__(self, data, step):
        super().__init__(data)
        self._step = step

    def read(self, size=-1):
        return super().read(self._step if size is None or size < 0 else min(size, self._step))

    def readinto(self, buffer):
        return super().readinto(memoryview(buffer)[: self._step])


class MemorySink:
    """Keeps the tables that were closed; those that were aborted are only counted."""

    def __init__(self):
        self.tables = []
        self.begun = []

    def table(self, schema, segment=None):
        table = MemoryTable(self, schema)
        self.begun.append(table)
        return table


class MemoryTable:
    def __init__(self, sink, schema):
        self.sink = sink
        self.schema = schema
        self.batches = []
        self.state = "open"

    def write(self, rows):
        assert self.state == "open"
        assert rows.schema.equals(self.schema)
        rows.validate(full=True)
        self.batches.append(rows)

    def close(self):
        assert self.state == "open"
        self.state = "closed"
        self.sink.tables.append(pa.Table.from_batches(self.batches, self.schema))

    def abort(self):
        assert self.state == "open"
        self.state = "aborted"
