"""Keywords about command line, log, status, secrets and latecomers fail where the migrator is not so."""

import sys
from dataclasses import replace

import pytest

from harness.folders import FileFacts
from harness.process import Launch
from Interface import Interface
from Latecomers import Latecomers
from paper_world import balanced_world, pend

INTERFACE = Interface()
SECRET = "a-secret-key"


@pytest.fixture
def world(tmp_path):
    world = balanced_world(tmp_path)
    world.launch = Launch((sys.executable,), {"AWS_SECRET_ACCESS_KEY": SECRET}, tmp_path / "work", world.evidence)
    world.bucket.name = "bucket"
    world.gate.endpoint_url = "http://127.0.0.1:1"
    return world


def _migrator(world, code):
    """Let the migrator under test be these lines of Python, which have `sys`."""
    script = world.folder / "migrator.py"
    script.write_text(f"import sys\n{code}\n")
    world.launch = replace(world.launch, words=(sys.executable, str(script)))


def _renew(world):
    """All files lie where they arrived, and no run was ever made."""
    world.mock = replace(world.truth, files=world.truth.files[:2])
    world.document["files"] = [record for record in world.document["files"] if record["path"] != "bad.json"]
    for path in ("a.csv", "b/c.csv"):
        pend(world, path)


def test_a_new_source_that_is_listed_passes(world):
    _renew(world)
    INTERFACE.status_should_list_a_new_source(world)


def test_a_new_file_that_status_does_not_list_is_told(world):
    _renew(world)
    del world.document["files"][0]
    with pytest.raises(AssertionError, match=r"Expected pending where it arrived, .*at a\.csv"):
        INTERFACE.status_should_list_a_new_source(world)


def test_a_status_that_leaves_something_behind_is_told(world, monkeypatch):
    _renew(world)
    told = world.status()

    def status(self):
        (self.source / ".migrator").mkdir()
        return told

    monkeypatch.setattr(type(world), "status", status)
    with pytest.raises(AssertionError, match=r"Expected nothing new in it, seen \.migrator, at the source"):
        INTERFACE.status_should_list_a_new_source(world)


@pytest.mark.parametrize(
    ("stderr", "told"),
    [
        ("", "Expected at least one line, seen 0"),
        ("plain\n", "seen none: 'plain', at line 1"),
        ("[1]\n", "no object: .*at line 1"),
        ('{"time": "t", "level": "info", "message": "m"}\n{"time": "t"}\n', "one without level, message, at line 2"),
    ],
)
def test_a_log_that_is_no_json_is_told(world, stderr, told):
    world.finished = replace(world.last_run, stderr=stderr)
    with pytest.raises(AssertionError, match=told):
        INTERFACE.log_should_be_json_lines(world)


def test_a_log_of_json_lines_passes(world):
    _migrator(world, """sys.stderr.write('{"time": "t", "level": "info", "message": "' + sys.argv[-1] + '"}\\n')""")
    INTERFACE.run_migrator_with_json_log(world)
    assert '"message": "json"' in world.last_run.stderr
    INTERFACE.log_should_be_json_lines(world)


def test_secrets_that_nobody_tells_pass(world):
    INTERFACE.nothing_should_tell_the_secret(world)


@pytest.mark.parametrize("place", ["failed/bad.json.reason.json", ".migrator/state", "../evidence/test/world/1.log"])
def test_a_secret_that_is_told_anywhere_is_found(world, place):
    file = world.source / place
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(b"\0" + SECRET.encode())
    with pytest.raises(AssertionError, match="Expected not the secret key, seen it, at") as told:
        INTERFACE.nothing_should_tell_the_secret(world)
    assert SECRET not in str(told.value)


def test_refused_command_lines_pass(world):
    world.bucket.objects.clear()
    _migrator(world, "sys.stderr.write('usage: …'); sys.exit(2)")
    INTERFACE.wrong_command_lines_should_be_refused(world)
    (world.source / "done").rename(world.folder / "before")
    INTERFACE.source_with_a_strange_done_should_be_refused(world)
    (world.source / "failed").rename(world.folder / "before too")
    INTERFACE.source_with_a_strange_failed_should_be_refused(world)


@pytest.mark.parametrize("code", ["sys.exit(1)", "sys.exit(2)", "sys.stderr.write('?'); sys.exit(1)"])
def test_a_wrong_command_line_that_is_taken_or_refused_otherwise_is_told(world, code):
    world.bucket.objects.clear()
    _migrator(world, code)
    with pytest.raises(AssertionError, match="Expected exit code 2 and words on stderr, .*at an unknown option"):
        INTERFACE.wrong_command_lines_should_be_refused(world)


def test_objects_of_a_refused_run_are_told(world):
    _migrator(world, "sys.stderr.write('no'); sys.exit(2)")
    with pytest.raises(AssertionError, match="Expected 0 objects, seen 2, at the bucket"):
        INTERFACE.wrong_command_lines_should_be_refused(world)


FOLLOWS_LINKS = """
from pathlib import Path
place = Path(sys.argv[2], "done")
if place.is_dir():
    (place / "x").touch()
sys.exit(sys.stderr.write("no"))
"""


def test_a_done_link_that_is_followed_is_told(world):
    (world.source / "done").rename(world.folder / "before")
    _migrator(world, FOLLOWS_LINKS)
    with pytest.raises(AssertionError, match="Expected nothing, seen 1, at where it leads"):
        INTERFACE.source_with_a_strange_done_should_be_refused(world)


def test_a_target_without_a_prefix_is_the_bucket_alone(world):
    assert world.target == "s3://bucket/lake"
    INTERFACE.leave_out_the_prefix(world)
    assert (world.target, world.under) == ("s3://bucket", "")


def test_slashes_go_around_the_prefix(world):
    _migrator(world, "sys.stderr.write(sys.argv[3])")
    INTERFACE.run_migrator_with_slashes_around_the_prefix(world)
    assert world.last_run.stderr == "s3://bucket//lake/2024 ü//"
    assert world.under == "lake/2024 ü/"


def test_a_run_with_every_option_is_given_them(world):
    _migrator(world, "sys.stderr.write(' '.join(sys.argv[1:]))")
    INTERFACE.run_migrator_with_every_option(world)
    for option in ("state", "endpoint-url", "workers", "log-format", "retry-for", "grace", "unpack-limit"):
        assert f" --{option} " in world.last_run.stderr
    assert world.options[0] == "--state"


def test_commands_that_take_every_option_pass(world):
    _migrator(world, "assert ('s3://bucket/lake' in sys.argv) == (sys.argv[1] != 'status'), sys.argv")
    INTERFACE.commands_should_take_every_option(world, "status", "verify")
    assert not world.allowed.rebuilt
    INTERFACE.commands_should_take_every_option(world, "recover")
    assert world.allowed.rebuilt


@pytest.mark.parametrize("code", [2, 3])
def test_a_command_that_does_not_take_an_option_is_told(world, code):
    _migrator(world, f"sys.exit({code} if '--workers' in sys.argv and sys.argv[1] == 'verify' else 0)")
    told = f"Expected exit code 0, seen exit code {code} .*, at verify with every option"
    with pytest.raises(AssertionError, match=told):
        INTERFACE.commands_should_take_every_option(world, "status", "verify")


def test_a_status_in_words_that_names_every_file_passes(world):
    _migrator(world, "print('done a.csv / done b/c.csv / failed bad.json')")
    INTERFACE.status_should_name_every_file_in_words(world)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("print('a.csv', 'bad.json')", r"Expected its name on stdout, seen not a word, at b/c\.csv"),
        ("print('a.csv b/c.csv bad.json'); sys.exit(3)", "Expected exit code 0, seen exit code 3"),
    ],
)
def test_a_status_in_words_that_leaves_a_file_out_or_fails_is_told(world, code, told):
    _migrator(world, code)
    with pytest.raises(AssertionError, match=told):
        INTERFACE.status_should_name_every_file_in_words(world)


def test_files_that_were_tried_once_pass(world):
    world.record("bad.json")["attempts"] = 0
    INTERFACE.every_file_should_have_been_tried_once(world)


@pytest.mark.parametrize("attempts", [0, 2, None])
def test_a_file_that_was_not_tried_once_is_told(world, attempts):
    world.record("a.csv")["attempts"] = attempts
    with pytest.raises(AssertionError, match=rf"Expected 1 attempt, seen {attempts}, at a\.csv"):
        INTERFACE.every_file_should_have_been_tried_once(world)


@pytest.fixture
def late(world):
    late = Latecomers()
    late.let_another_file_arrive(world)
    return late


def test_a_late_file_that_waits_passes(world, late):
    late.late_file_should_wait(world)


def test_a_late_file_that_was_moved_is_told(world, late):
    (world.source / "late/arrived late.csv").rename(world.source / "done/arrived late.csv")
    with pytest.raises(AssertionError, match="Expected the file untouched where it arrived"):
        late.late_file_should_wait(world)


def test_an_object_of_a_late_file_is_told(world, late):
    world.bucket.objects["lake/late/arrived late.csv.parquet"] = b""
    with pytest.raises(AssertionError, match="Expected no object of it, seen lake/late"):
        late.late_file_should_wait(world)


def test_a_file_that_is_corrected_holds_one_row_more(world):
    pend(world, "a.csv")
    late = Latecomers()
    late.hold_answer_to_upload_of_a_csv_file(world)
    before = world.truth.file("a.csv").objects[0].rows
    late.correct_stored_file(world)
    assert world.truth.file("a.csv").objects[0].rows == before + 1


def test_a_file_that_is_spoilt_must_fail_and_leave_no_object(world):
    pend(world, "a.csv")
    late = Latecomers()
    late.hold_answer_to_upload_of_a_csv_file(world)
    late.spoil_stored_file(world)
    spoilt = world.truth.file("a.csv")
    assert (spoilt.codes, spoilt.objects) == ({"malformed-csv"}, ())
    assert spoilt.sha256 == FileFacts.of(world.source / "a.csv").sha256


def test_a_stored_file_that_is_removed_must_be_told_as_vanished(world):
    pend(world, "a.csv")
    late = Latecomers()
    late.hold_answer_to_upload_of_a_csv_file(world)
    late.remove_stored_file(world)
    assert world.truth.file("a.csv").codes == {"source-vanished"}
    assert not (world.source / "a.csv").exists()


def test_a_missing_given_is_told(world):
    with pytest.raises(AssertionError, match="the When is missing"):
        Latecomers().late_file_should_wait(world)
    with pytest.raises(AssertionError, match="the Given is missing"):
        Latecomers().correct_stored_file(world)
