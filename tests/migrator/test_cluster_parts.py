"""The parts of a run on a cluster, without one: what workers are asked, and how files are handed out and lost."""

import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from queue import Empty, SimpleQueue

import pytest

from migrator import cluster_work
from migrator.cli import main
from migrator.cluster import Lost
from migrator.cluster_place import Workplace, check, here_of, versions
from migrator.crew_cluster import CrewOfCluster
from migrator.entries import Entry
from migrator.errors import Blocked, ExitCode, TargetUnavailable
from migrator.names import Format
from migrator.outcomes import Converted, Kept, Left, Stored, Task
from migrator.target_address import Address
from tests.migrator.s3_fake import FakeS3, Fault

ROOT = Path(__file__).parents[2]
LIMIT = 60


@pytest.fixture
def s3(monkeypatch):
    for name, value in {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "hush", "AWS_REGION": "eu-west-1"}.items():
        monkeypatch.setenv(name, value)
    server = FakeS3()
    yield server
    server.close()


@pytest.fixture
def place(tmp_path, s3):
    found = Workplace(str(tmp_path), "token", Address("bucket", "lake"), s3.endpoint_url, 1.0, 1 << 30, versions())
    found.scratch.mkdir(parents=True)
    found.token_file.write_text("token")
    return found


def task_of(place, number, attempts=0, size=None):
    file = Path(place.source) / f"{number}.csv"
    file.write_text(f"a\n{number}\n")
    status = file.stat()
    entry = Entry(
        id=number, path=file.name, place=file.name, format=Format.CSV, size=status.st_size if size is None else size,
        mtime_ns=status.st_mtime_ns, attempts=attempts,
    )  # fmt: skip
    return Task(entry, {}, (), False)


def sent(what):
    """What arrives of it in another process."""
    return pickle.loads(pickle.dumps(what))  # noqa: S301 - our own bytes


# ---- a worker is asked ----


def test_a_worker_that_is_fit_lacks_nothing(place):
    assert check(place) is None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"token": "another"}, "is another folder there"),
        ({"source": "/nowhere"}, "cannot read /nowhere/.migrator"),
        ({"versions": (("pyarrow", "1.0"),)}, "where the coordinator has 1.0"),
        ({"versions": (("migrator", "99"),)}, "where the coordinator has 99"),
    ],
)
def test_a_worker_that_is_not_fit_says_what_it_lacks(place, change, told):
    lack = check(replace(place, **change))
    assert lack is not None
    assert (lack.code, told in lack.words) == (ExitCode.USAGE, True), lack.words


def test_a_worker_without_credentials_says_so(place, monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    lack = check(place)
    assert lack is not None
    assert (lack.code, "no credentials" in lack.words) == (ExitCode.WORK_PENDING, True), lack.words


def test_a_worker_whose_credentials_the_target_refuses_says_so_without_telling_them(place, s3):
    s3.fail(Fault(status=403, code="InvalidAccessKeyId", message="hush is wrong"), method="GET", times=9)
    lack = check(place)
    assert lack is not None
    assert (lack.code, "hush" in lack.words) == (ExitCode.WORK_PENDING, False), lack.words


def test_a_worker_that_may_not_see_which_keys_there_are_is_fit(place, s3):
    s3.fail(Fault(status=403, code="AccessDenied"), method="GET", times=9)
    assert check(place) is None


def test_a_worker_whose_environment_leads_to_another_server_says_so(place, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    lack = check(replace(place, endpoint=None))
    assert lack is not None
    assert (lack.code, "http://127.0.0.1:9" in lack.words) == (ExitCode.USAGE, True), lack.words


# ---- a worker works ----


def test_a_batch_is_converted_told_and_committed_and_can_be_pickled(place, s3):
    tasks = (task_of(place, 1), task_of(place, 2))
    batch = cluster_work.begin(place, tasks)
    told, wrote = sent(cluster_work.tell(batch))
    assert [(type(each), each.keys) for each in told] == [
        (Kept, ("lake/1.csv.parquet",)), (Kept, ("lake/2.csv.parquet",)),
    ]  # fmt: skip
    assert (wrote, s3.objects) == (False, {})
    told, wrote = sent(cluster_work.commit(batch, (2,)))
    assert [type(each) for each in told] == [Stored]
    assert (wrote, list(s3.objects)) == (True, ["lake/2.csv.parquet"])
    told, _ = cluster_work.discard(batch, (1,))
    assert [type(each) for each in told] == [Left]
    assert list(s3.objects) == ["lake/2.csv.parquet"]


def test_a_batch_that_is_moved_is_converted_anew_and_what_is_stored_is_adopted(place, s3):
    batch = cluster_work.begin(place, (task_of(place, 1),))
    ((first,), _) = cluster_work.commit(batch, (1,))
    moved = sent(batch)
    ((again,), _) = cluster_work.commit(moved, (1,))
    assert isinstance(again, Stored)
    assert again.objects == first.objects
    assert len(s3.objects) == 1


def test_a_step_that_is_carried_out_twice_is_done_once(place, s3):
    batch = cluster_work.begin(place, (task_of(place, 1),))
    assert cluster_work.commit(batch, (1,)) == cluster_work.commit(batch, (1,))
    assert sum(request.method == "PUT" for request in s3.requests) == 1


def test_when_the_run_is_over_nothing_is_begun_any_more(place, s3):
    here = here_of(place)
    place.token_file.unlink()
    here.over._next = 0.0
    ((outcome,), _) = cluster_work.tell(cluster_work.begin(place, (task_of(place, 1),)))
    assert (type(outcome), outcome.error) == (Left, None)
    assert s3.requests == []


def test_an_outage_is_told_with_the_workers_name(place, s3, monkeypatch):
    monkeypatch.setattr(cluster_work, "_address", lambda: "tcp://worker:1")
    s3.fail(Fault(status=503, code="SlowDown"), times=99)
    ((outcome,), _) = cluster_work.commit(cluster_work.begin(place, (task_of(place, 1),)), (1,))
    told = sent(outcome)
    assert (type(told.error), str(told.error).startswith("worker tcp://worker:1: ")) == (TargetUnavailable, True)


def test_a_defect_of_a_worker_can_be_sent_and_tells_where_it_was(place, monkeypatch):
    class Unsendable(Exception):
        def __reduce__(self):
            raise TypeError("cannot be pickled")

    def fail(_):
        raise Unsendable("a hush in it")

    monkeypatch.setattr(cluster_work, "_address", lambda: "tcp://worker:1")
    monkeypatch.setattr(here_of(place).workshop, "_convert", fail)
    outcome = cluster_work.tell(cluster_work.begin(place, (task_of(place, 1),)))[0][0]
    told = str(sent(outcome).error)
    assert "Unsendable" in told
    assert "test_cluster_parts.py" in told
    assert "hush" not in told


# ---- files are handed out ----


class Ticket:
    """What a cluster gives for a task."""

    def __init__(self, name, arguments):
        self.name, self.arguments = name, arguments

    def add_done_callback(self, heard):
        self.heard = heard


class PaperCluster:
    """A cluster that does nothing by itself."""

    def __init__(self, threads):
        self.threads = threads
        self.tickets: list[Ticket] = []
        self.results = {}
        self.closed = False
        self.broken = False

    def workers(self):
        return {f"tcp://w:{number}": 1 for number in range(self.threads)}

    def submit(self, name, function, *arguments, before, urgent):
        if self.broken:
            raise OSError("closed")
        assert urgent == bool(before)
        ticket = Ticket(name, arguments)
        self.tickets.append(ticket)
        return ticket

    def result(self, ticket):
        found = self.results[ticket]
        if isinstance(found, Exception):
            raise found
        return found

    def gone(self):
        return Blocked("it is gone")

    def end(self, ticket, result):
        self.results[ticket] = result
        ticket.heard(ticket)

    def close(self):
        self.closed = True
        return True

    def of(self, word):
        return [ticket for ticket in self.tickets if f"-{word}-" in ticket.name]


class Here:
    def __init__(self):
        self.results = SimpleQueue()
        self.wrote = False


@pytest.fixture
def hand_out(place):
    crews = []

    def make(threads, **options):
        cluster = PaperCluster(threads)
        crew = CrewOfCluster(cluster, place, Here(), options.get("retry_for", 60.0))
        crews.append(crew)
        return cluster, crew

    yield make
    for crew in crews:
        crew.close()


def heard(crew, count):
    return [crew.results.get(timeout=LIMIT) for _ in range(count)]


def kept(tasks):
    return [Kept(task, "sha", (task.entry.path,)) for task in tasks]


def stored(tasks):
    return [Stored(task, "sha", ()) for task in tasks]


def test_small_files_travel_together_and_never_more_than_two_batches_a_thread(place, hand_out):
    cluster, crew = hand_out(2)
    tasks = [task_of(place, number) for number in range(crew.in_flight)]
    crew.convert(tasks)
    sizes = [len(ticket.arguments[1]) for ticket in cluster.of("convert")]
    assert sizes == [32, 32, 32, 32]
    assert len(tasks) > sum(sizes)
    assert crew.withdraw() == [task.entry.id for task in tasks[128:]]


def test_a_big_file_travels_alone_and_few_files_are_shared_out(place, hand_out):
    cluster, crew = hand_out(2)
    crew.convert([task_of(place, 0, size=8 << 20), *(task_of(place, number) for number in range(1, 7))])
    batches = [[task.entry.id for task in ticket.arguments[1]] for ticket in cluster.of("convert")]
    assert batches == [[0], [1, 2, 3], [4], [5]]
    assert crew.withdraw() == [6]


def test_a_file_that_was_begun_twice_before_travels_alone(place, hand_out):
    cluster, crew = hand_out(1)
    crew.convert([task_of(place, 1), task_of(place, 2, attempts=2), task_of(place, 3)])
    assert [[task.entry.id for task in ticket.arguments[1]] for ticket in cluster.of("convert")] == [[1], [2]]
    assert crew.withdraw() == [3]


def test_a_batch_that_has_ended_makes_room_for_the_next_one(place, hand_out):
    cluster, crew = hand_out(1)
    tasks = [task_of(place, number, size=8 << 20) for number in range(3)]
    crew.convert(tasks)
    assert len(cluster.of("convert")) == 2
    cluster.end(cluster.of("tell")[0], (kept(tasks[:1]), False))
    crew.commit(heard(crew, 1))
    assert crew.wrote is False
    cluster.end(cluster.of("commit")[0], (stored(tasks[:1]), True))
    assert heard(crew, 1) == stored(tasks[:1])
    assert crew.wrote is True
    with crew._lock:
        assert len(cluster.of("convert")) == 3


def test_what_too_many_workers_died_of_stays_pending_with_the_reason(place, hand_out):
    cluster, crew = hand_out(1)
    task = task_of(place, 1)
    crew.convert([task])
    cluster.end(cluster.of("tell")[0], Lost("4 workers died"))
    assert heard(crew, 1) == [Left(task, "it stays pending: 4 workers died")]


def test_a_file_that_is_lost_between_its_conversion_and_its_commit_is_told_once(place, hand_out):
    cluster, crew = hand_out(1)
    task = task_of(place, 1)
    crew.convert([task])
    cluster.end(cluster.of("tell")[0], (kept([task]), False))
    (converted,) = heard(crew, 1)
    crew._lose_all(cluster.gone())
    crew.commit([converted])
    (left,) = heard(crew, 1)
    assert (type(left), str(left.error)) == (Left, "it is gone")
    assert cluster.of("commit") == []
    with pytest.raises(Empty):
        crew.results.get_nowait()


def test_where_nothing_can_be_submitted_one_batch_is_lost_and_the_rest_waits(place, hand_out):
    cluster, crew = hand_out(1)
    cluster.broken = True
    tasks = [task_of(place, number, size=8 << 20) for number in range(50)]
    crew.convert(tasks)
    (left,) = heard(crew, 1)
    assert str(left.error) == "it is gone"
    assert crew.withdraw() == [task.entry.id for task in tasks[1:]]


def test_a_cluster_without_workers_is_given_up_after_a_while(place, hand_out):
    cluster, crew = hand_out(1, retry_for=0.0)
    task = task_of(place, 1)
    crew.convert([task])
    cluster.threads = 0
    (left,) = heard(crew, 1)
    assert (left.task, "no workers" in str(left.error)) == (task, True)


def test_a_halt_takes_the_token_away_and_nobody_complains(place, hand_out):
    cluster, crew = hand_out(1)
    task = task_of(place, 1)
    crew.convert([task])
    crew.halt()
    assert not place.token_file.exists()
    cluster.end(cluster.of("tell")[0], ([Left(task, error=Blocked("no token"))], False))
    assert heard(crew, 1) == [Left(task)]


# ---- the command line ----


@pytest.mark.parametrize(
    "address",
    [
        "host:8786",
        "tcp://host",
        "http://host:8786",
        "tcp://:1",
        "tcp://a:b@host:1",
        "tcp://host:1/x",
        "tcp://host:99999",
    ],
)
def test_an_address_of_no_scheduler_is_refused(tmp_path, capsys, address):
    assert main(["run", str(tmp_path), "s3://bucket", "--cluster", address]) == 2
    told = capsys.readouterr().err.splitlines()[-1]
    assert "tcp://HOST:PORT" in told
    assert "a:b" not in told


def test_without_the_package_the_run_says_how_to_get_it(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert main(["run", str(tmp_path), "s3://bucket", "--cluster", "tcp://127.0.0.1:1"]) == 2
    assert "pip install 'migrator[cluster]'" in capsys.readouterr().err.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []


def test_without_a_cluster_nothing_of_dask_is_imported(place, s3):
    (Path(place.source) / "a.csv").write_text("a\n1\n")
    script = (
        "import sys\nfrom migrator.cli import main\n"
        f"assert main(['run', {place.source!r}, 's3://bucket/lake', '--endpoint-url', {s3.endpoint_url!r}]) == 0\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules} & {'dask', 'distributed', 'tornado'}))"
    )
    told = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True, timeout=LIMIT * 5
    )
    assert told.stdout.strip() == "[]"
    assert list(s3.objects) == ["lake/a.csv.parquet"]


def test_a_converted_file_and_what_is_told_of_it_have_the_same_keys(place):
    batch = cluster_work.begin(place, (task_of(place, 1),))
    (converted,) = batch._outcomes.values()
    ((told,), _) = cluster_work.tell(batch)
    assert isinstance(converted, Converted)
    assert (told.sha256, told.keys) == (converted.sha256, converted.keys)
