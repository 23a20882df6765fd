"""A target that forgets what is staged, and tells by how much converting raised the kernel's mark of the memory.

As a program: `python -m tests.migrator.discarding DUMP DUMP …` prints a line of JSON for each dump.
"""

import json
import sys
from pathlib import Path

from migrator.convert import ConvertOptions, SourceFile, convert
from migrator.names import Format


class DiscardingUpload:
    def write(self, data):
        return len(data)

    def close(self):
        pass

    def abort(self):
        pass


class DiscardingStage:
    def stage(self, key, metadata):
        return DiscardingUpload()


def peak():
    """The most memory that this process ever had, in bytes (`VmHWM`, proc(5))."""
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) * 1024


def main(paths):
    for path in map(Path, paths):
        before, facts = peak(), path.stat()
        file = SourceFile(path.parent, path.name, facts.st_size, facts.st_mtime_ns, Format.SQL)
        made = convert(file, DiscardingStage(), ConvertOptions("", 1 << 30, path.parent, lambda: False)).objects
        told = {"tables": len(made), "rows": sum(each.rows for each in made), "growth": peak() - before}
        sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
