"""What a run proves, and each way in which it does not."""

import pytest
from robot.api import TestSuite as Suite

from harness import cluster_python, server_files
from report.specification import Claim, Kind, Specification, specification
from report.traceability import ACCEPTANCE, ExitCode, Verdict
from small_runs import PROVING, QUICK, TWO_IDS, joined


def verdicts(matrix):
    return {entry.claim.id: entry.verdict for entry in matrix.entries}


def test_passing_tests_prove_every_id_and_the_figure_stands_beside_its_limit(tmp_path):
    matrix = joined(tmp_path, PROVING)
    assert set(verdicts(matrix).values()) == {Verdict.PROVED}
    figure = matrix.entries[-1].figure
    assert figure
    assert figure.shown == "12 s"
    assert not matrix.gaps
    assert matrix.exit_code is ExitCode.PROVED
    assert matrix.sentence == "Proved: all 4 ids of the specification, by 1 scenario."


def test_an_id_without_a_test_is_a_gap(tmp_path):
    matrix = joined(tmp_path, PROVING.replace("fr-001", ""))
    assert verdicts(matrix)["FR-001"] is Verdict.NO_TEST
    assert matrix.gaps == ("FR-001 has no test: The requirement is met.",)
    assert matrix.exit_code is ExitCode.NOT_COVERED


def test_an_id_whose_only_test_fails_is_not_proved(tmp_path):
    matrix = joined(tmp_path, f"{PROVING}    Fail    Expected 1 row, seen 2 rows, at a.csv.\n")
    assert verdicts(matrix)["FR-001"] is Verdict.FAILING
    assert matrix.gaps == ("Not proved, as tests of theirs failed: US-1, US-1 AC-1, FR-001, SC-001.",)
    assert matrix.exit_code is ExitCode.SCENARIO_FAILED
    assert matrix.failures[0].sentence == {
        "expected": "1 row",
        "seen": "2 rows",
        "where": "a.csv",
        "more": "",
        "table": "",
    }


@pytest.mark.parametrize(
    ("tag", "told"), [("fr-099", "no id of the specification"), ("slow", "neither an id nor a known tag")]
)
def test_a_tag_that_is_no_id_is_a_gap(tmp_path, tag, told):
    matrix = joined(tmp_path, PROVING.replace("fr-001", f"fr-001    {tag}"))
    assert any(f"The tag {tag} of" in gap and told in gap for gap in matrix.gaps)
    assert matrix.exit_code is ExitCode.NOT_COVERED


def test_known_tags_and_robots_own_are_no_gap(tmp_path):
    assert not joined(tmp_path, PROVING.replace("fr-001", "fr-001    extra    robot:continue-on-failure")).gaps


def test_a_scenario_that_the_specification_does_not_have_is_a_gap(tmp_path):
    matrix = joined(tmp_path, f"{PROVING}\nUS-9 AC-1 Something else\n    No Operation\n")
    assert any("US-9 AC-1, which is no id" in gap for gap in matrix.gaps)


def test_a_skip_that_nobody_announced_is_a_gap(tmp_path):
    matrix = joined(tmp_path, f"{PROVING}\nAnother\n    [Tags]    fr-001\n    Skip    not today\n")
    assert matrix.gaps == ("'Another' was skipped, and nobody announced it: not today",)
    assert matrix.exit_code is ExitCode.NOT_COVERED
    assert verdicts(matrix)["FR-001"] is Verdict.PROVED


def announced_skip(server, capability):
    return f"    Skip    {server_files.load(server).refusal(capability)}\n"


def test_a_skip_that_the_servers_file_announces_is_none(tmp_path):
    skip = announced_skip("seaweedfs", "full-storage-refused")
    matrix = joined(tmp_path, f"{PROVING}\nAnother\n    [Tags]    fr-001\n{skip}")
    assert not matrix.gaps
    assert matrix.sentence == "Proved: all 4 ids of the specification, by 2 scenarios, 1 skipped."


def test_a_skip_for_another_reason_than_the_servers_file_gives_is_a_gap(tmp_path):
    reason = "SeaweedFS cannot do this: full-storage-refused: nobody has tried"
    matrix = joined(tmp_path, f"{PROVING}\nAnother\n    [Tags]    fr-001\n    Skip    {reason}\n")
    assert matrix.gaps == (f"'Another' was skipped, and nobody announced it: {reason}",)


def test_an_id_whose_tests_were_all_skipped_is_not_proved(tmp_path):
    matrix = joined(tmp_path, f"{PROVING}    Skip    MinIO cannot do this: versioning is not among its capabilities\n")
    assert verdicts(matrix)["FR-001"] is Verdict.SKIPPED
    assert matrix.exit_code is ExitCode.NOT_COVERED


def test_an_id_that_the_server_cannot_show_is_named_as_not_proved_and_is_no_gap(tmp_path):
    skip = announced_skip("external", "container")
    another = f"\nAnother\n    [Tags]    fr-002\n{skip}"
    ids = Specification(
        (*TWO_IDS.claims, Claim("FR-002", Kind.REQUIREMENT, "There is a container.")), TWO_IDS.other_tags
    )
    matrix = joined(tmp_path, PROVING + another, ids)
    assert verdicts(matrix)["FR-002"] is Verdict.SKIPPED
    assert not matrix.gaps
    assert matrix.exit_code is ExitCode.PROVED
    assert matrix.sentence == (
        "Proved, but for what this server cannot: 4 of 5 ids of the specification, by 2 scenarios, 1 skipped; "
        "not proved: FR-002."
    )


def test_a_skip_for_want_of_a_python_for_a_clusters_workers_is_announced(tmp_path):
    matrix = joined(tmp_path, f"{PROVING}\nAnother\n    Skip    {cluster_python.UNKNOWN}\n")
    assert (matrix.gaps, matrix.counted("SKIP")) == ((), 1)


def test_a_run_of_announced_skips_alone_proves_nothing(tmp_path):
    matrix = joined(tmp_path, f"{PROVING}{announced_skip('external', 'container')}")
    assert "Every test was skipped, so nothing is proved." in matrix.gaps
    assert matrix.exit_code is ExitCode.NOT_COVERED


def test_a_run_of_no_test_proves_nothing(tmp_path):
    matrix = joined(tmp_path, PROVING, include="nothing", runemptysuite=True)
    assert matrix.gaps == ("No test ran, so nothing is proved.",)
    assert matrix.exit_code is ExitCode.NOT_COVERED


def test_a_figure_beyond_its_limit_is_failing_although_its_test_passed(tmp_path):
    matrix = joined(tmp_path, PROVING.replace("12", "301"))
    assert verdicts(matrix)["SC-001"] is Verdict.FAILING
    assert matrix.gaps == ("SC-001 is not kept: 301 s was measured, and it must be less than 300 s.",)
    assert matrix.exit_code is ExitCode.NOT_COVERED


def test_a_figure_beyond_its_limit_is_told_also_where_no_test_bears_the_id(tmp_path):
    matrix = joined(tmp_path, PROVING.replace("sc-001", "").replace("12", "301"))
    assert matrix.gaps == ("SC-001 is not kept: 301 s was measured, and it must be less than 300 s.",)


def test_a_story_whose_scenario_failed_is_told_as_such_and_not_as_a_figure(tmp_path):
    failing = PROVING.replace("us-1", "").replace("fr-001    sc-001", "")
    others = f"\nAnother\n    [Tags]    us-1    fr-001    sc-001\n    {QUICK % ('12', '12')}\n"
    matrix = joined(tmp_path, f"{failing}    Fail    Expected 1, seen 2, at a.csv.\n{others}")
    assert verdicts(matrix)["US-1"] is Verdict.FAILING
    assert matrix.gaps == (
        "US-1 is not proved, as a scenario of it failed: The story is told.",
        "Not proved, as tests of theirs failed: US-1 AC-1.",
    )


def test_of_several_measurements_the_worst_counts(tmp_path):
    matrix = joined(tmp_path, f"{PROVING}    {QUICK % ('40', '40')}\n    {QUICK % ('20', '20')}\n")
    assert matrix.entries[-1].figure.value == 40
    assert matrix.entries[-1].measured == 3


def test_a_criterion_that_was_not_measured_is_a_gap(tmp_path):
    matrix = joined(tmp_path, "\nUS-1 AC-1 Played\n    [Tags]    us-1    fr-001    sc-001\n    No Operation\n")
    assert matrix.gaps == ("SC-001 was not measured: no test recorded its figure, 'Whole run'.",)


@pytest.mark.parametrize(
    "settings",
    ["Suite Setup    Fail    Environment: the Docker engine is not running", "Test Setup    Fail    no bucket"],
)
def test_a_set_up_that_fails_is_the_environments_fault(tmp_path, settings):
    matrix = joined(tmp_path, PROVING, settings=settings)
    assert matrix.exit_code is ExitCode.ENVIRONMENT_BROKEN
    assert matrix.sentence == "The environment is broken: 1 of 1 scenarios could not be carried out."


def test_a_part_of_the_suite_is_no_proof_and_no_gap(tmp_path):
    matrix = joined(tmp_path, f"{PROVING}\nAnother\n    [Tags]    fr-001\n    No Operation\n", test="US-1*")
    assert [test.name for test in matrix.left_out] == ["Another"]
    assert matrix.exit_code is ExitCode.PROVED
    assert "this is no proof" in matrix.sentence


def test_a_story_is_not_proved_by_other_tests_than_its_scenarios(tmp_path):
    matrix = joined(tmp_path, PROVING.replace("US-1 AC-1 The", "The"))
    assert verdicts(matrix)["US-1 AC-1"] is Verdict.NO_TEST
    assert verdicts(matrix)["US-1"] is Verdict.NO_TEST


def test_optional_tests_may_be_left_out(tmp_path):
    matrix = joined(tmp_path, f"{PROVING}\nAnother\n    [Tags]    extra\n    No Operation\n", exclude="extra")
    assert not matrix.left_out
    assert matrix.sentence.startswith("Proved")


def test_the_specification_has_every_id_that_its_authors_gave():
    claims = [claim.id for claim in specification().claims]
    assert len(claims) == len(set(claims)) == 4 + 13 + 14 + 8 + 6
    assert all(claim.text.endswith(".") for claim in specification().claims)
    assert all(claim.limit for claim in specification().claims if claim.id.startswith("SC-"))


def test_the_suites_files_have_a_test_for_every_id_and_no_unknown_tag():
    tests = list(Suite.from_file_system(str(ACCEPTANCE)).all_tests)
    covered = {each for test in tests for each in specification().ids_of(test.name, frozenset(test.tags))}
    assert [claim.id for claim in specification().claims if claim.id not in covered] == []
    assert {tag for test in tests for tag in test.tags if not specification().knows_tag(tag)} == set()
