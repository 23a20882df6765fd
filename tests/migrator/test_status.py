"""What `status` tells of a folder that no run has seen."""

import json

from migrator.cli import main


def test_a_folder_that_was_never_run_is_listed_as_pending_and_stays_as_it_is(tmp_path, capsys):
    (tmp_path / "a.csv").write_text("n\n1\n")
    assert main(["status", str(tmp_path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [(file["path"], file["state"], file["attempts"]) for file in told["files"]] == [("a.csv", "pending", 0)]
    assert [each.name for each in tmp_path.iterdir()] == ["a.csv"]


def test_a_file_in_place_of_the_migrators_folder_is_no_obstacle(tmp_path, capsys):
    (tmp_path / ".migrator").touch()
    assert main(["status", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["counts"]["total"] == 0
