from datetime import timedelta
from types import SimpleNamespace

import pytest
from robot.api import SkipExecution

from Environment import Environment
from harness import server_files
from harness.environment import choice_of
from harness.problems import EnvironmentFault, Problem
from harness.readiness import Proof


@pytest.fixture
def library(monkeypatch):
    """The keywords over a server that works."""
    keywords = Environment()
    proofs = [Proof(name, "status 200", "status 200", holds=True) for name in ("health", "signed", "unsigned")]
    server = SimpleNamespace(
        file=server_files.load("seaweedfs"), seconds=1.0, proofs=lambda: tuple(proofs), remove=lambda: None
    )
    monkeypatch.setattr(keywords._shared, "_server", server)
    monkeypatch.setattr(keywords._shared, "containers", lambda: ["one"])
    keywords.broken = SimpleNamespace(proofs=proofs, server=server)
    return keywords


def test_a_world_that_is_as_expected_passes(library):
    library.containers_of_this_run_should_be(1)
    library.s3_server_should_be_ready()
    library.environment_should_have_been_made_within(timedelta(seconds=30))
    library.skip_unless_s3_server_can("versioning")


@pytest.mark.parametrize("count", [0, 2])
def test_another_number_of_containers_fails(library, count):
    with pytest.raises(AssertionError, match=f"Expected {count} containers of this run, seen 1: one"):
        library.containers_of_this_run_should_be(count)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_each_proof_that_does_not_hold_fails(library, number):
    library.broken.proofs[number] = Proof("the proof", "status 403", "status 200", holds=False)
    with pytest.raises(AssertionError, match="Expected status 403, seen status 200, at the proof"):
        library.s3_server_should_be_ready()


def test_a_server_that_answers_another_client_unsigned_fails(library):
    library.s3_server_should_be_ready(403)
    with pytest.raises(AssertionError, match=r"Expected status 403 \(or 401\), seen 200, at an unsigned request"):
        library.s3_server_should_be_ready(200)


def test_an_environment_that_took_too_long_fails(library):
    library.broken.server.seconds = 30.0
    with pytest.raises(AssertionError, match="Expected the environment in 30 s, seen 30.0 s"):
        library.environment_should_have_been_made_within(timedelta(seconds=30))


def test_what_a_server_cannot_do_is_a_skip_with_its_reason(library):
    with pytest.raises(SkipExecution, match="SeaweedFS cannot do this: full-storage-refused"):
        library.skip_unless_s3_server_can("full-storage-refused")


def test_a_server_that_was_never_started_is_an_environment_error_and_no_skip():
    with pytest.raises(EnvironmentFault, match="no S3 server was started") as told:
        Environment().s3_server_should_be_ready()
    assert told.value.problem is Problem.SETTING


def gone():
    raise EnvironmentFault(Problem.EXITED, "MinIO is exited with code 137")


def test_a_test_that_failed_while_its_server_was_gone_says_that_the_environment_is_to_blame(library):
    library.broken.server.check = gone
    failed = SimpleNamespace(failed=True, message="Setup failed:\nno connection")
    library.end_test(None, failed)
    assert failed.message == (
        "Environment: the container has ended: MinIO is exited with code 137\n\nSetup failed:\nno connection"
    )


def test_a_test_that_failed_on_a_server_that_serves_keeps_its_message(library):
    library.broken.server.check = lambda: None
    failed = SimpleNamespace(failed=True, message="Expected 1, seen 2.")
    library.end_test(None, failed)
    assert failed.message == "Expected 1, seen 2."


def test_a_test_that_passed_has_nothing_to_say_of_its_server(library):
    library.broken.server.check = gone
    passed = SimpleNamespace(failed=False, message="")
    library.end_test(None, passed)
    assert passed.message == ""


def test_a_shared_server_that_has_ended_is_replaced_and_told(library, monkeypatch):
    told, another = [], SimpleNamespace(container=None)
    monkeypatch.setattr("harness.servers.start", lambda choice, tell: another)
    monkeypatch.setattr("harness.environment.watchdog.guard", lambda run: None)
    monkeypatch.setattr(library._shared, "_tell", told.append)
    library.broken.server.container = SimpleNamespace(check_alive=gone)
    assert library._shared.start(choice_of({})) is another
    assert library._shared.start(choice_of({})) is another
    assert len(told) == 1
    assert "MinIO is exited with code 137" in told[0]


def test_an_engine_that_does_not_answer_is_told_and_replaces_no_server(library):
    def lost():
        raise EnvironmentFault(Problem.ENGINE_GONE, "no answer")

    library.broken.server.container = SimpleNamespace(check_alive=lost)
    with pytest.raises(EnvironmentFault, match="the Docker engine went away"):
        library._shared.start(choice_of({}))


def test_variables_choose_the_server_and_empty_ones_do_not():
    choice = choice_of({"S3_SERVER": "external", "S3_IMAGE": "", "S3_ENDPOINT_URL": None})
    assert (choice.name, choice.image, choice.endpoint_url) == ("external", None, None)


def test_something_that_cannot_be_removed_is_named_after_all_was_tried(library, monkeypatch):
    tried = []
    monkeypatch.setattr("harness.cleanup.remove_run", lambda client, run: tried.append(run) or ["volume v: in use"])
    monkeypatch.setattr("harness.cleanup.left_of", lambda client, run: ["volume v"])

    def refuse():
        raise RuntimeError("will not go")

    library.broken.server.remove = refuse
    with pytest.raises(EnvironmentFault, match=r"seen: volume v; errors: .*will not go; volume v: in use"):
        library.remove_everything_of_this_run()
    assert len(tried) == 1
