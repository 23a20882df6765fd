"""Keywords about other surroundings fail where the migrator does not heed them."""

import json
import shlex
import sys
from dataclasses import replace
from datetime import timedelta

import pytest

from harness import surroundings
from harness.exchange import Exchange
from harness.gate_rules import Hold, Rule
from harness.process import Launch, MigratorProcess
from harness.s3_requests import Act, signed_region
from paper_world import balanced_world
from Surroundings import Surroundings

KEYS = {"AWS_ACCESS_KEY_ID": "somebody", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1", "OTHER": "1"}


@pytest.fixture
def world(tmp_path):
    world = balanced_world(tmp_path)
    world.launch = Launch((sys.executable,), KEYS, tmp_path / "work", world.evidence)
    world.gate.endpoint_url = "http://127.0.0.1:1"
    world.gate.lift_all = lambda: None
    return world


@pytest.fixture
def keywords():
    return Surroundings()


@pytest.fixture
def elsewhere(world, keywords):
    keywords.keep_state_elsewhere(world)
    state = world.folder / "kept elsewhere/migration.state"
    state.write_text("a state")
    state.with_name("migration.state-wal").write_text("its companion")
    return state


def test_a_state_that_is_kept_where_it_was_asked_for_passes(world, keywords, elsewhere):
    assert world.options == ("--state", str(elsewhere))
    (world.source / ".migrator").mkdir()
    (world.source / ".migrator/lock").touch()
    keywords.state_should_be_kept_where_it_was_asked_for(world)


def test_a_state_that_is_not_there_or_empty_is_told(world, keywords, elsewhere):
    elsewhere.write_bytes(b"")
    with pytest.raises(AssertionError, match=r"seen none, or an empty one, at migration\.state"):
        keywords.state_should_be_kept_where_it_was_asked_for(world)
    elsewhere.unlink()
    with pytest.raises(AssertionError, match="seen none, or an empty one"):
        keywords.state_should_be_kept_where_it_was_asked_for(world)


def test_a_second_state_where_it_is_kept_otherwise_is_told(world, keywords, elsewhere):
    (world.source / ".migrator").mkdir()
    (world.source / ".migrator/state.sqlite3").touch()
    with pytest.raises(AssertionError, match=r"seen state\.sqlite3, at \.migrator"):
        keywords.state_should_be_kept_where_it_was_asked_for(world)


def test_what_lies_beside_the_state_is_told(world, keywords, elsewhere):
    elsewhere.with_name("scratch").touch()
    with pytest.raises(AssertionError, match="Expected nothing beside the state, seen scratch"):
        keywords.state_should_be_kept_where_it_was_asked_for(world)


def test_a_missing_given_is_told(world, keywords):
    with pytest.raises(AssertionError, match="the Given is missing"):
        keywords.state_should_be_kept_where_it_was_asked_for(world)
    with pytest.raises(AssertionError, match="the Given that holds one is missing"):
        keywords.stop_migrator_at_its_first_words(world)


def test_a_profile_alone_tells_everything(world, keywords):
    keywords.tell_access_by_profile(world)
    told = world.launch.environment
    assert not world.tells_endpoint
    assert {name for name in told if name.startswith("AWS_")} == {
        "AWS_PROFILE",
        "AWS_CONFIG_FILE",
        "AWS_SHARED_CREDENTIALS_FILE",
    }
    credentials = (world.folder / "profiles/credentials").read_text()
    assert "[archive]\naws_access_key_id = somebody\naws_secret_access_key = secret\n" in credentials
    assert "[default]\naws_access_key_id = nobody\n" in credentials
    config = (world.folder / "profiles/config").read_text()
    assert config == "[profile archive]\nregion = us-east-1\nendpoint_url = http://127.0.0.1:1\n\n"


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_variables_alone_tell_region_and_endpoint(world, keywords, variable):
    keywords.tell_region_and_endpoint_by_variables(world, variable)
    assert not world.tells_endpoint
    assert world.launch.environment == {
        **{name: value for name, value in KEYS.items() if name != "AWS_REGION"},
        variable: surroundings.OTHER_REGION,
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    }


def _request(world, region):
    world.gate.exchanges.append(
        Exchange(1, "2026-01-01T00:00:00Z", "PUT", Act.PUT_OBJECT, "lake/a", 1, "passed", 200, region)
    )


def test_requests_that_are_signed_for_the_region_pass(world, keywords):
    keywords.tell_region_and_endpoint_by_variables(world, "AWS_REGION")
    _request(world, surroundings.OTHER_REGION)
    keywords.every_upload_should_be_signed_for_that_region(world)


def test_a_request_for_another_region_and_none_at_all_are_told(world, keywords):
    keywords.tell_region_and_endpoint_by_variables(world, "AWS_REGION")
    with pytest.raises(AssertionError, match="Expected at least one signed upload, seen 0"):
        keywords.every_upload_should_be_signed_for_that_region(world)
    _request(world, "us-east-1")
    with pytest.raises(AssertionError, match="a signature for eu-north-1, seen us-east-1, at PutObject lake/a"):
        keywords.every_upload_should_be_signed_for_that_region(world)


def test_the_region_is_read_from_a_signature():
    told = "AWS4-HMAC-SHA256 Credential=KEY/20260101/eu-north-1/s3/aws4_request, SignedHeaders=host, Signature=0"
    assert signed_region(told) == "eu-north-1"
    assert signed_region("") == ""


def _within(world, started="2026-01-01T00:00:01Z", failed="2026-01-01T00:00:02+00:00"):
    world.finished = replace(world.last_run, ended=surroundings._moment("2026-01-01T00:00:02Z"), seconds=2)
    world.record("a.csv")["started_at"] = started
    place = world.source / "failed/bad.json.reason.json"
    place.write_text(json.dumps({**json.loads(place.read_text()), "failed_at": failed}))


def test_times_within_the_run_pass(world, keywords):
    _within(world)
    keywords.every_time_should_lie_within_the_run(world)


@pytest.mark.parametrize("time", ["2026-01-01T11:30:01Z", "2025-12-31T12:30:01Z", "2026-01-01T00:00:01", "today"])
def test_a_time_of_another_zone_is_told(world, keywords, time):
    _within(world, started=time)
    with pytest.raises(AssertionError, match=r"Expected started_at in UTC from 00:00:00 to 00:00:02.* at a\.csv"):
        keywords.every_time_should_lie_within_the_run(world)


def test_a_reason_of_another_time_is_told(world, keywords):
    _within(world, failed="2026-01-01T11:30:02Z")
    with pytest.raises(AssertionError, match=r"Expected failed_at in UTC .* at bad\.json"):
        keywords.every_time_should_lie_within_the_run(world)


def test_an_end_before_the_start_is_told(world, keywords):
    _within(world, started="2026-01-01T00:00:30Z")
    world.finished = replace(world.last_run, ended=surroundings._moment("2026-01-01T00:00:40Z"), seconds=40)
    with pytest.raises(AssertionError, match=r"Expected finished_at in UTC from 00:00:30"):
        keywords.every_time_should_lie_within_the_run(world)


def test_the_clock_is_set(world, keywords):
    keywords.set_time_zone_far_from_utc(world)
    assert world.launch.environment["TZ"] == surroundings.FAR_FROM_UTC


def _start(world, code):
    script = world.folder / "migrator.py"
    script.write_text(code)
    words = tuple(shlex.split(f"{sys.executable} {script}"))
    world.launch = replace(world.launch, words=words)
    return MigratorProcess(world.launch, ["run"])


LIMIT = timedelta(seconds=60)


def test_the_first_words_are_waited_for(world):
    process = _start(world, "import sys, time\nprint('begun', file=sys.stderr, flush=True)\ntime.sleep(60)\n")
    surroundings.wait_for_words(process, Rule(Hold()), LIMIT)
    assert process.printed == "begun\n"
    process.kill_group()
    process.wait(LIMIT)


def test_who_prints_nothing_is_waited_for_until_an_upload_is_held(world):
    process = _start(world, "import time\ntime.sleep(60)\n")
    hold = Rule(Hold())
    with pytest.raises(AssertionError, match="in time, seen neither"):
        surroundings.wait_for_words(process, hold, timedelta())
    hold.met.set()
    surroundings.wait_for_words(process, hold, timedelta())
    process.kill_group()
    process.wait(LIMIT)


def test_an_end_without_a_word_is_told(world):
    process = _start(world, "")
    process.wait(LIMIT)
    with pytest.raises(AssertionError, match="before its end, seen none"):
        surroundings.wait_for_words(process, Rule(Hold()), LIMIT)


STOPS = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
print("begun", flush=True)
time.sleep(60)
"""


def test_a_migrator_is_stopped_at_its_first_words(world, keywords):
    _start(world, STOPS).kill_group()
    world.bucket.name = "bucket"
    world.hold = Rule(Hold())
    keywords.stop_migrator_at_its_first_words(world)
    assert world.last_run.exit_code == 143
    assert world.last_run.signal is None
