"""A wrong command line ends with 2, and says on its last line what would be right."""

import pytest

from migrator.cli import main
from migrator.errors import ReasonCode
from migrator.options import parse


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "COMMAND"),
        (["fly", "{source}"], "run"),
        (["run", "{source}"], "s3://BUCKET"),
        (["run", "{source}", "bucket"], "s3://BUCKET"),
        (["run", "{source}", "s3://"], "s3://BUCKET"),
        (["run", "{source}/nothing", "s3://bucket"], "SOURCE"),
        (["status", "{source}/nothing"], "SOURCE"),
        (["run", "{source}", "s3://bucket", "--workers", "0"], "whole number from 1"),
        (["run", "{source}", "s3://bucket", "--workers", "many"], "--workers"),
        (["run", "{source}", "s3://bucket", "--retry-for", "-1"], "seconds"),
        (["run", "{source}", "s3://bucket", "--grace", "nan"], "seconds"),
        (["run", "{source}", "s3://bucket", "--unpack-limit", "1G"], "bytes"),
        (["run", "{source}", "s3://bucket", "--endpoint-url", "localhost:9000"], "http://"),
        (["run", "{source}", "s3://bucket", "--log-format", "xml"], "json"),
        (["run", "{source}", "s3://bucket", "--state", "{source}/none/state"], "folder"),
        (["run", "{source}", "s3://bucket", "--unknown"], "--unknown"),
        (["run", "{source}", "s3://bucket", "--json"], "--json"),
        (["retry", "{source}", "--code", "bad-luck"], "malformed-csv"),
    ],
)
def test_a_wrong_command_line_says_what_would_be_right(tmp_path, capsys, arguments, told):
    assert main([argument.replace("{source}", str(tmp_path)) for argument in arguments]) == 2
    assert told in capsys.readouterr().err.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["run", "status", "verify", "retry", "recover"])
@pytest.mark.parametrize(
    "state",
    ["", ".", "..", "orders", "orders/deep", "done", "done/state", "done/sub/state", "failed", "failed/x", ".migrator",
     ".migrator/lock", ".migrator/scratch", ".migrator/scratch/x", "../source", "orders/..", "orders/../done",
     "link/done"],
)  # fmt: skip
def test_a_state_in_a_folder_of_others_is_refused_and_nothing_is_touched(tmp_path, capsys, command, state):
    source = tmp_path / "source"
    for folder in ("orders/deep", "done/sub", "failed", ".migrator/scratch"):
        (source / folder).mkdir(parents=True)
    (source / "link").symlink_to(source)
    (source / "orders/a.csv").write_text("a\n1\n")
    (source / "done/b.csv").write_text("a\n1\n")
    before = sorted(tmp_path.rglob("*"))
    target = ["s3://bucket"] if command in {"run", "verify", "recover"} else []
    assert main([command, str(source), *target, "--state", f"{source}/{state}"]) == 2
    assert "--state" in capsys.readouterr().err.splitlines()[-1]
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("state", ["s", ".s", "../s", "orders/s", ".migrator/s", ".migrator/folder", ".folder"])
def test_a_state_of_its_own_may_be_anywhere_else(tmp_path, state):
    source = tmp_path / "source"
    for folder in ("orders", ".migrator/folder", ".folder"):
        (source / folder).mkdir(parents=True)
    assert parse(["status", str(source), "--state", f"{source}/{state}"]).state.name == state.rpartition("/")[2]


def test_the_default_state_may_be_named_outright_before_there_is_one(tmp_path):
    state = tmp_path / ".migrator/state.sqlite3"
    assert parse(["status", str(tmp_path), "--state", str(state)]).state == state
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["run", "status", "verify", "retry", "recover"])
def test_every_command_takes_every_option(tmp_path, command):
    target = ["s3://bucket/a/b/"] if command in {"run", "verify", "recover"} else []
    given = parse(
        [
            command,
            str(tmp_path),
            *target,
            "--state",
            str(tmp_path / "s"),
            "--endpoint-url",
            "http://127.0.0.1:1",
            "--workers",
            "3",
            "--log-format",
            "json",
            "--retry-for",
            "1.5",
            "--grace",
            "0",
            "--unpack-limit",
            "7",
        ]
    )
    assert (given.workers, given.retry_for, given.grace, given.unpack_limit) == (3, 1.5, 0, 7)
    assert given.state == tmp_path / "s"
    if target:
        assert (given.address.bucket, given.address.prefix) == ("bucket", "a/b")


def test_retry_takes_a_reason_code(tmp_path):
    assert parse(["retry", str(tmp_path), "--code", "not-text"]).code is ReasonCode.NOT_TEXT
