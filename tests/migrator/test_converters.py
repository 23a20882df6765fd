"""Processes beside a run that convert small files: the same bytes as without them, and nothing is lost with one."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue

import pytest

from migrator import crew, crew_here
from migrator.cli import main
from migrator.convert import ConvertOptions
from migrator.converter import Memory, made
from migrator.converters import Converters
from migrator.converting import converting
from migrator.entries import Entry, Intent
from migrator.names import format_of
from migrator.outcomes import Task
from migrator.work import Workshop

PATIENCE_SECONDS = 120
FILES = {
    "a.csv": b"id,name\n1,x\n2,\n",
    "b/c.json": b'[{"a": 1}, {"a": 2, "b": [1]}]',
    "d.txt": b"one\ntwo",
    "e.sql": b"INSERT INTO t VALUES (1, 'x'); INSERT INTO u VALUES (2);",
    "f\udcff.csv": b"id\n1\n",
    "bad.csv": b"id,name\n1\n",
}


class Heard(SimpleQueue):
    """What became of files, by path."""

    def tell(self, task, found):
        self.put((task.entry.path, found))

    def of(self, count):
        return dict(self.get(timeout=PATIENCE_SECONDS) for _ in range(count))


@pytest.fixture
def heard():
    return Heard()


@pytest.fixture
def begin(tmp_path, heard):
    begun = []

    def new(count=1):
        begun.append(Converters(count, tmp_path, "lake", heard.tell))
        return begun[-1]

    yield new
    for each in begun:
        assert each.close()


def task_of(root, path, data, number=1):
    file = root / path
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(data)
    status = file.stat()
    return Task(Entry(number, path, path, format_of(path), status.st_size, status.st_mtime_ns), {}, (), all_known=True)


def made_here(root, tmp_path, task):
    """What this process makes of a file."""
    stage = Memory()
    options = ConvertOptions("lake", 1 << 20, tmp_path, lambda: False)
    return made(Workshop(root, stage, converting(root, stage, lambda: options)).convert(task))


def pids(converters):
    return [process.pid for process in converters.processes]


def is_alive(pid):
    """Whether a process is there that is no zombie."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def test_a_converter_makes_what_this_process_makes(tmp_path, begin, heard):
    tasks = [task_of(tmp_path, path, data, number) for number, (path, data) in enumerate(FILES.items())]
    assert begin(2).take(tasks) == []
    found = heard.of(len(FILES))
    assert found == {task.entry.path: made_here(tmp_path, tmp_path, task) for task in tasks}
    assert {path for path, each in found.items() if each is None} == {"f\udcff.csv", "bad.csv"}
    assert [each.key for each in found["e.sql"].objects] == ["lake/e.sql/t.parquet", "lake/e.sql/u.parquet"]


def test_what_a_converter_could_not_tell_of_is_not_asked_of_it(tmp_path, begin):
    plain = task_of(tmp_path, "a.csv", b"id\n1\n")
    others = [
        task_of(tmp_path, "empty.csv", b""),
        task_of(tmp_path, "big.csv", b"id\n" + b"1\n" * 20_000),
        task_of(tmp_path, "a.csv.gz", b"x"),
        task_of(tmp_path, "a.bin", b"x"),
        Task(plain.entry, {"sha": 7}, (), all_known=True),
        Task(plain.entry, {}, (Intent("lake/a.csv.parquet", None),), all_known=True),
    ]
    assert begin().take(others) == others


def test_a_file_that_changed_is_left_to_the_run(tmp_path, begin, heard):
    task = task_of(tmp_path, "a.csv", b"id\n1\n")
    (tmp_path / "a.csv").write_bytes(b"id\n1\n2\n")
    begin().take([task])
    assert heard.of(1) == {"a.csv": None}


def test_a_converter_takes_what_keeps_it_busy_and_what_a_killed_one_had_is_converted_here(tmp_path, begin, heard):
    converters = begin()
    (pid,) = pids(converters)
    # Before it has imported what it needs, or while: whatever was asked of it is answered.
    tasks = [task_of(tmp_path, f"{number}.csv", b"id\n1\n", number) for number in range(32)]
    os.kill(pid, signal.SIGSTOP)
    assert converters.take(tasks) == []
    assert converters.take(tasks) == tasks
    os.kill(pid, signal.SIGKILL)
    assert heard.of(32) == dict.fromkeys((task.entry.path for task in tasks), None)
    assert converters.take(tasks) == tasks


def test_a_signal_to_all_processes_of_a_terminal_does_not_end_a_converter(tmp_path, begin, heard):
    converters = begin()
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(pids(converters)[0], number)
    converters.take([task_of(tmp_path, "a.csv", b"id\n1\n")])
    assert heard.of(1)["a.csv"] is not None


def test_no_converter_outlives_a_run_that_is_killed(tmp_path):
    program = (
        "import sys, time; from pathlib import Path; from migrator.converters import Converters;"
        "line = Converters(2, Path(sys.argv[1]), '', print);"
        "print(*(each.pid for each in line.processes), flush=True); time.sleep(600)"
    )
    root = Path(crew.__file__).parents[1]
    with subprocess.Popen(
        [sys.executable, "-c", program, tmp_path], stdout=subprocess.PIPE, text=True, cwd=root
    ) as run:
        left = [int(pid) for pid in run.stdout.readline().split()]
        assert [is_alive(pid) for pid in left] == [True, True]
        run.kill()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while any(map(is_alive, left)) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert [pid for pid in left if is_alive(pid)] == []


# ---- in a run ----


@pytest.fixture
def source(tmp_path, monkeypatch):
    monkeypatch.setattr(crew, "_MANY_FILES", 40)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2})
    root = tmp_path / "source"
    root.mkdir()
    for number in range(40):
        task_of(root, f"{number}.csv", f"id\n{number}\n".encode())
    task_of(root, "bad.csv", b"id,name\n1\n")
    handlers = [(number, signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM)]
    yield root
    for number, handler in handlers:
        signal.signal(number, handler)


def begun_with(monkeypatch, act):
    """Have `act` done to the converters of a run as soon as there are any; the counts asked for."""
    counts = []
    begin_converters = crew_here.CrewHere.begin_converters

    def begin(here, count, *arguments):
        begin_converters(here, count, *arguments)
        counts.append(count)
        act(here)

    monkeypatch.setattr(crew_here.CrewHere, "begin_converters", begin)
    return counts


def run(source, s3, *options):
    return main(["run", str(source), "s3://bucket/lake", "--endpoint-url", s3.endpoint_url, *options])


def kill_all(here):
    for process in here.converters.processes:
        os.kill(process.pid, signal.SIGKILL)


@pytest.mark.parametrize("act", [lambda _: None, kill_all])
def test_a_run_ends_the_same_with_converters_and_when_they_die(source, s3, monkeypatch, capsys, act):
    counts = begun_with(monkeypatch, act)
    assert run(source, s3) == 3
    assert counts == [2]
    assert sorted(s3.objects) == sorted(f"lake/{number}.csv.parquet" for number in range(40))
    assert (source / "failed/bad.csv.reason.json").exists()
    assert len(list((source / "done").iterdir())) == 40
    assert ("a converter has ended (signal 9)" in capsys.readouterr().err) == (act is kill_all)


@pytest.mark.parametrize("act", [lambda _: None, kill_all])
@pytest.mark.parametrize("path", ["0.txt", "z.txt"])
def test_a_big_file_comes_after_the_small_ones_and_without_converters(source, s3, monkeypatch, act, path):
    monkeypatch.setattr(crew_here, "BESIDE_CONVERTERS", 1 << 20)
    task_of(source, "between.csv", b"id\n" + b"1\n" * 20_000)
    task_of(source, path, b"x" * (2 << 20))
    begun = []
    counts = begun_with(monkeypatch, lambda here: (begun.extend(pids(here.converters)), act(here)))
    seen = []
    convert = Workshop.convert

    def look(workshop, task):
        if task.entry.path == path:
            seen.extend(([pid for pid in begun if is_alive(pid)], len(list((source / "done").iterdir()))))
        return convert(workshop, task)

    monkeypatch.setattr(Workshop, "convert", look)
    assert run(source, s3) == 3
    assert counts == [2]
    assert seen == [[], 41]
    assert len(list((source / "done").iterdir())) == 42
    assert len(s3.objects) == 42


@pytest.mark.parametrize(
    ("options", "change"),
    [
        (("--workers", "1"), lambda source: None),
        ((), lambda source: (source / "1.csv").unlink() or (source / "bad.csv").unlink()),
        ((), lambda source: [(source / f"{number}.csv").write_bytes(b"id\n" * 20_000) for number in range(2)]),
    ],
    ids=["one worker", "few files", "few small files"],
)
def test_a_run_that_gains_nothing_begins_none(source, s3, monkeypatch, options, change):
    counts = begun_with(monkeypatch, lambda _: None)
    change(source)
    run(source, s3, *options)
    assert counts == []
