import socket
from dataclasses import replace

import boto3
import pytest
import requests
import yaml
from botocore.exceptions import ClientError
from docker.errors import APIError
from docker.models.containers import Container

from harness import cleanup, server_files, servers
from harness.containers import Data
from harness.engine import connect
from harness.problems import EnvironmentFault, Problem
from harness.progress import say_nothing
from harness.run_id import current
from harness.servers import Choice, S3Server

MEBIBYTE = 1024 * 1024


def s3(server: S3Server):
    return boto3.client(
        "s3",
        endpoint_url=server.endpoint_url,
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
        region_name="us-east-1",
    )


@pytest.fixture
def start(s3_server):
    """Starts servers from the image of the shared one and removes them."""
    begun = []

    def started(folder=server_files.FOLDER, **choice):
        wanted = Choice(name=s3_server.file.name, image=s3_server.image.image_id)
        server = servers.start(replace(wanted, **choice), tell=say_nothing, folder=folder)
        begun.append(server)
        return server

    yield started
    for server in begun:
        server.remove()


@pytest.fixture
def described(s3_server, tmp_path):
    """Writes a server's file that differs from the shared server's, and returns its folder."""

    def write(**changes):
        path = server_files.FOLDER / f"{s3_server.file.name}.yaml"
        (tmp_path / path.name).write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | changes))
        return tmp_path

    return write


def test_a_ready_server_is_healthy_serves_whoever_signs_and_refuses_whoever_does_not(s3_server):
    assert [proof.holds for proof in s3_server.proofs()] == [True, True, True]
    assert requests.get(s3_server.endpoint_url, timeout=60).status_code == 403
    s3(s3_server).list_buckets()


def test_the_port_is_open_on_this_machine_only(s3_server):
    bindings = s3_server.require_container()._container.attrs["HostConfig"]["PortBindings"]
    assert {binding["HostIp"] for ports in bindings.values() for binding in ports} == {"127.0.0.1"}


def test_credentials_stand_in_no_text(s3_server):
    container = s3_server.require_container()
    texts = [repr(s3_server), repr(s3_server._access), repr(container._plan), container.log().decode()]
    assert not [text for text in texts if s3_server.secret_key in text]


def test_each_server_has_credentials_of_its_own(s3_server, start):
    other = start()
    wrong = boto3.client(
        "s3",
        endpoint_url=s3_server.endpoint_url,
        aws_access_key_id=other.access_key,
        aws_secret_access_key=other.secret_key,
        region_name="us-east-1",
    )
    with pytest.raises(ClientError):
        wrong.list_buckets()


def test_a_bucket_is_versioned_and_bears_the_runs_id(s3_server):
    name = s3_server.bucket()
    assert name.startswith(current().name)
    assert s3(s3_server).get_bucket_versioning(Bucket=name)["Status"] == "Enabled"


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_server_that_ended_comes_back_on_its_port_with_its_data(start, end):
    server = start(data=Data.KEPT)
    container, bucket = server.require_container(), server.bucket()
    s3(server).put_object(Bucket=bucket, Key="k", Body=b"kept")
    port = container.port
    getattr(container, end)()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=60)
    server.started_again()
    assert container.port == port
    assert s3(server).get_object(Bucket=bucket, Key="k")["Body"].read() == b"kept"
    # Starting again makes another container: what the first one wrote (it formats the disk) must not be lost.
    assert b"Formatting" in container.log()


def test_a_port_that_somebody_has_for_a_moment_is_waited_for(start, monkeypatch):
    server = start(data=Data.KEPT)
    container, port = server.require_container(), server.require_container().port
    container.kill()
    refusals = [APIError("driver failed: address already in use")] * 2
    begin = Container.start

    def started(self):
        if refusals:
            raise refusals.pop()
        begin(self)

    monkeypatch.setattr(Container, "start", started)
    server.started_again()
    assert container.port == port
    assert not refusals


def test_a_server_whose_data_would_be_lost_cannot_be_stopped_by_mistake(start):
    with pytest.raises(EnvironmentFault, match="in memory"):
        start().require_container().stop()


def test_a_server_that_serves_no_more_is_told_with_its_cause(start):
    server = start(data=Data.KEPT)
    server.check()
    server.require_container().kill()
    with pytest.raises(EnvironmentFault, match=r"is exited with code 137; the last lines of its log:\n.*\S") as told:
        server.check()
    assert told.value.problem is Problem.EXITED


def test_a_server_that_takes_everybody_for_a_stranger_serves_no_more(s3_server):
    stranger = S3Server(
        s3_server.file, replace(s3_server._access, secret_key="another"), s3_server.container, s3_server.image, 1.0
    )
    with pytest.raises(EnvironmentFault, match="a signed request .* expected status 200, seen status 403"):
        stranger.check()


def test_a_frozen_server_takes_connections_and_answers_nobody_until_it_thaws(start):
    server = start()
    server.require_container().pause()
    with pytest.raises(requests.Timeout):
        requests.get(server.endpoint_url, timeout=0.3)
    server.require_container().unpause()
    server.wait_until_ready()


def test_a_server_that_cannot_be_frozen_at_the_moment_is_tried_again(start, monkeypatch):
    container = start().require_container()
    refusals = [APIError("OCI runtime pause failed: unable to freeze: unknown")] * 2
    freeze = Container.pause

    def frozen(self):
        if refusals:
            raise refusals.pop()
        freeze(self)

    monkeypatch.setattr(Container, "pause", frozen)
    container.pause()
    assert container.state == "paused"
    assert not refusals


def test_what_is_no_passing_refusal_to_freeze_is_told_at_once(start):
    container = start().require_container()
    container.pause()
    with pytest.raises(APIError, match="already paused"):
        container.pause()


def test_a_frozen_server_can_be_removed(start):
    server = start()
    server.require_container().pause()
    server.remove()
    assert server.require_container().state == "removed"


def test_a_sized_data_folder_gets_full(start):
    server = start(data_bytes=16 * MEBIBYTE)
    bucket = server.bucket()
    with pytest.raises(ClientError) as told:
        for number in range(16):
            s3(server).put_object(Bucket=bucket, Key=f"k{number}", Body=bytes(2 * MEBIBYTE))
    # Where the room ends in the middle of a body, MinIO may say that it got too little of it.
    assert told.value.response["Error"]["Code"] in {"XMinioStorageFull", "InternalError", "IncompleteBody"}


def test_the_log_goes_to_a_file(s3_server, tmp_path):
    s3_server.require_container().save_log(tmp_path / "evidence" / "server.log")
    assert (tmp_path / "evidence" / "server.log").read_bytes()


def test_a_container_that_ends_while_starting_fails_at_once_with_its_last_lines(start, described):
    with pytest.raises(EnvironmentFault) as told:
        start(folder=described(command=["no-such-command"], ready_seconds=60))
    assert told.value.problem is Problem.EXITED
    assert "no-such-command" in str(told.value)


def test_a_server_that_never_gets_ready_tells_what_was_expected_seen_and_how_long(start, described):
    with pytest.raises(EnvironmentFault) as told:
        start(folder=described(health_path="/no/such/path", ready_seconds=1))
    assert told.value.problem is Problem.NOT_READY
    for word in ("health", "expected status 200", "seen ", "waited 1."):
        assert word in str(told.value)


def test_a_given_port_that_is_taken_is_told_and_nothing_is_left(start):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        before = cleanup.left_of(connect(), current())
        with pytest.raises(EnvironmentFault) as told:
            start(port=taken.getsockname()[1])
    assert told.value.problem is Problem.PORT_TAKEN
    assert cleanup.left_of(connect(), current()) == before


def test_an_external_server_is_used_and_only_our_buckets_are_removed_from_it(s3_server, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_server.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3_server.secret_key)
    theirs = s3_server.bucket()
    external = servers.start(Choice(name="external", endpoint_url=s3_server.endpoint_url), tell=say_nothing)
    ours = external.bucket()
    s3(external).put_object(Bucket=ours, Key="k", Body=b"1")
    external.remove()
    names = {bucket["Name"] for bucket in s3(s3_server).list_buckets()["Buckets"]}
    assert theirs in names
    assert ours not in names
    with pytest.raises(EnvironmentFault, match="no container of ours"):
        external.require_container()


def test_an_external_server_without_settings_names_what_is_missing(monkeypatch):
    for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(EnvironmentFault, match="S3_ENDPOINT_URL.*AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY"):
        servers.start(Choice(name="external"), tell=say_nothing)
