"""The keywords over a cluster fail where a migrator tells too little or too much; its processes end with their run."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from robot.api import SkipExecution

from Cluster import Cluster
from harness import cleanup, cluster, cluster_python
from harness.run_id import Owner, Run
from paper_world import balanced_world

LIBRARIES = Path(cleanup.__file__).resolve().parents[1]
LIMIT = 120
SECRET = "the-secret-key"
SCRIPT = """
import sys
from pathlib import Path
from harness.cluster import Cluster
from harness.run_id import current
folder = Path(sys.argv[1])
evidence = folder / "evidence"
evidence.mkdir()
cluster = Cluster(folder / "cluster", evidence, {})
print(current().mark, cluster.scheduler.process.pid, cluster.add_worker().process.pid, sep="\\n", flush=True)
sys.stdin.readline()
"""


def test_a_scheduler_and_its_workers_end_with_their_run_also_after_a_sigkill(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(LIBRARIES)},
        start_new_session=True,
    )
    try:
        mark, *pids = (process.stdout.readline().strip() for _ in range(3))
        members = [Owner.of(int(pid)) for pid in pids]
        whose = Run.of_mark(mark)
        found = {int(str(each).split()[1]) for each in cleanup.things(None, whose.run_id) if each.kind == "process"}
        assert {member.pid for member in members} <= found
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    deadline = time.monotonic() + LIMIT
    while any(member.alive() for member in members):
        assert time.monotonic() < deadline, "a member of the cluster outlives its run"
        time.sleep(0.05)


def test_a_member_that_does_not_start_is_told_with_its_last_words(tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "_LISTENING", ("--no-such-option",))
    with pytest.raises(cluster.ClusterError, match=r"the scheduler of the cluster(.|\n)*--no-such-option"):
        cluster.Cluster(tmp_path / "cluster", tmp_path, {})


def test_whoever_has_no_credentials_has_none_of_files_or_the_machine_either():
    found = cluster.without_credentials({"AWS_ACCESS_KEY_ID": "a", "AWS_REGION": "b", "PYTHONPATH": "c"})
    assert found == {
        "PYTHONPATH": "c",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


class PaperMember:
    address = "tcp://127.0.0.1:1"

    def __init__(self, told=""):
        self.told = told


class PaperCluster:
    def __init__(self):
        self.workers, self.scheduler = [PaperMember(), PaperMember()], PaperMember()


@pytest.fixture
def keywords():
    keywords = Cluster()
    keywords._cluster = PaperCluster()
    return keywords


@pytest.fixture
def world(tmp_path):
    """A world whose run was refused as it must be."""
    world = balanced_world(tmp_path)
    world.gate.exchanges.clear()
    told = "worker tcp://127.0.0.1:1: it cannot use the target: no credentials"
    world.finished = replace(world.last_run, exit_code=4, stderr=told)
    environment = {**world.launch.environment, "AWS_SECRET_ACCESS_KEY": SECRET}
    world.launch = replace(world.launch, environment=environment)
    return world


def test_a_run_that_names_the_worker_and_does_nothing_passes(keywords, world):
    keywords.migrator_should_have_named_last_worker(world)


@pytest.mark.parametrize("code", [0, 1, 2, 3])
def test_every_other_exit_code_is_told(keywords, world, code):
    world.finished = replace(world.finished, exit_code=code)
    with pytest.raises(AssertionError, match="Expected exit code 4"):
        keywords.migrator_should_have_named_last_worker(world)


@pytest.mark.parametrize("told", ["no credentials", "worker tcp://127.0.0.1:1: it is unwell"])
def test_a_run_that_does_not_say_who_lacks_what_is_told(keywords, world, told):
    world.finished = replace(world.finished, stderr=told)
    with pytest.raises(AssertionError, match="names tcp://127.0.0.1:1"):
        keywords.migrator_should_have_named_last_worker(world)


def test_an_upload_before_the_check_is_told(keywords, world):
    world.gate.upload("lake/a.csv.parquet")
    with pytest.raises(AssertionError, match="uploads"):
        keywords.migrator_should_have_named_last_worker(world)


@pytest.mark.parametrize("where", ["worker", "scheduler", "stderr"])
def test_a_secret_in_any_log_is_told(keywords, world, where):
    if where == "stderr":
        world.finished = replace(world.finished, stderr=f"{world.finished.stderr} {SECRET}")
    else:
        member = keywords._cluster.workers[0] if where == "worker" else keywords._cluster.scheduler
        member.told = f"key={SECRET}"
    with pytest.raises(AssertionError, match="the secret key"):
        keywords.migrator_should_have_named_last_worker(world)


@pytest.mark.parametrize(
    ("migrator", "named", "words"),
    [
        ("built-in", "", (sys.executable,)),
        ("built-in", "/opt/python", ("/opt/python",)),
        ("/opt/acme/migrator --fast", "", None),
        ("/opt/acme/migrator", "env 'PYTHONPATH=/a b' python3", ("env", "PYTHONPATH=/a b", "python3")),
    ],
)
def test_the_workers_run_in_the_python_that_is_named_or_has_the_built_in_migrator(migrator, named, words):
    assert cluster_python.words(migrator, named) == words


def test_without_a_python_for_another_migrator_the_scenario_is_skipped_with_the_remedy(world):
    with pytest.raises(SkipExecution, match="CLUSTER_PYTHON"):
        Cluster().start_cluster(world, "/opt/acme/migrator", "")


def test_a_cluster_is_started_in_the_python_that_is_named(world):
    keywords = Cluster()
    with pytest.raises(cluster.ClusterError, match=r"Expected /no/such/python -X dev -m dask scheduler .*No such file"):
        keywords.start_cluster(world, "/opt/acme/migrator", "/no/such/python -X dev")
    keywords.close_cluster()


def test_without_a_cluster_a_keyword_says_which_step_is_missing(world):
    with pytest.raises(AssertionError, match="the Given that starts it is missing"):
        Cluster().run_migrator_on_cluster(world)
    Cluster().close_cluster()
