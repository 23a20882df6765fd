"""How files are handed out to a cluster and lost with it, and what the command line says of one."""

import subprocess
import sys
from pathlib import Path
from queue import Empty, SimpleQueue

import pytest

from migrator.cli import main
from migrator.cluster import Lost
from migrator.crew_cluster import CrewOfCluster
from migrator.errors import Blocked
from migrator.outcomes import Kept, Left, Stored
from tests.migrator.workplaces import new_place, task_of

ROOT = Path(__file__).parents[2]
LIMIT = 60


@pytest.fixture
def place(tmp_path):
    return new_place(tmp_path, "http://127.0.0.1:9")


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


def test_without_a_cluster_nothing_of_dask_is_imported(tmp_path, s3):
    (tmp_path / "a.csv").write_text("a\n1\n")
    script = (
        "import sys\nfrom migrator.cli import main\n"
        f"assert main(['run', {str(tmp_path)!r}, 's3://bucket/lake', '--endpoint-url', {s3.endpoint_url!r}]) == 0\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules} & {'dask', 'distributed', 'tornado'}))"
    )
    told = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True, timeout=LIMIT * 5
    )
    assert told.stdout.strip() == "[]"
    assert list(s3.objects) == ["lake/a.csv.parquet"]
