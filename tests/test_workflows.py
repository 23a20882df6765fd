"""CI's own files, as far as they can be judged without a CI system: schemas, pins, rights, and what they call."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ACTIONS = sorted((ROOT / ".github" / "actions").glob("*/action.yml"))
GITLAB = [ROOT / ".gitlab-ci.yml", *sorted((ROOT / ".gitlab").glob("*.yml"))]
PINNED = re.compile(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")


def read(file):
    # Of "on", "off", "yes" and "no", YAML 1.1 makes booleans, and CI systems do not.
    document = yaml.safe_load(re.sub(r"^on:", '"on":', file.read_text(), flags=re.MULTILINE))
    assert isinstance(document, dict)
    return document


def jobs():
    return [(f"{file.name}: {name}", job) for file in WORKFLOWS for name, job in read(file)["jobs"].items()]


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("github-workflows", WORKFLOWS),
        ("github-actions", ACTIONS),
        ("dependabot", [ROOT / ".github" / "dependabot.yml"]),
        ("gitlab-ci", GITLAB),
    ],
)
def test_the_files_fit_their_schemas(schema, files):
    assert files
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", *map(str, files)]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.parametrize("file", [*WORKFLOWS, *ACTIONS], ids=lambda file: file.name)
def test_actions_of_others_are_pinned_by_commit_with_their_version_beside_it(file):
    uses = [line.strip().removeprefix("- ") for line in file.read_text().splitlines() if re.match(r"[ -]*uses:", line)]
    assert [line for line in uses if not line.startswith("uses: ./") and not PINNED.match(line)] == []


def test_the_same_action_has_the_same_pin_everywhere():
    lines = "".join(file.read_text() for file in [*WORKFLOWS, *ACTIONS])
    pins = re.findall(r"uses: ([\w/-]+)@(\S+)", lines)
    assert len(set(pins)) == len(dict(pins))


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_a_workflow_may_read_the_repository_and_nothing_else(file):
    assert read(file)["permissions"] == {"contents": "read"}


@pytest.mark.parametrize(("name", "job"), jobs(), ids=lambda value: value if isinstance(value, str) else "")
def test_every_job_ends_in_time_and_asks_for_no_more_rights(name, job):
    del name
    assert "permissions" not in job
    assert "uses" in job or job["timeout-minutes"] <= 240


def test_a_checkout_leaves_no_credentials_behind():
    steps = [step for _, job in jobs() for step in job.get("steps", ()) if "checkout@" in step.get("uses", "")]
    assert steps
    assert all(step["with"]["persist-credentials"] is False for step in steps)


def test_no_expression_stands_in_a_shell_command_where_its_value_would_be_code():
    scripts = [step["run"] for _, job in jobs() for step in job.get("steps", ()) if "run" in step]
    assert [script for script in scripts if "${{" in script] == []


def test_reports_and_summary_are_kept_of_a_red_run_too():
    steps = read(ROOT / ".github/workflows/acceptance.yml")["jobs"]["acceptance"]["steps"]
    always = {step["name"] for step in steps if step.get("if") == "always()"}
    assert always == {"Sum up", "Keep reports and evidence"}
    gitlab = read(ROOT / ".gitlab/acceptance.yml")[".acceptance"]["artifacts"]
    assert gitlab["when"] == "always"
    assert "results/xunit.xml" in gitlab["reports"]["junit"]


def test_what_calls_the_reusable_workflow_gives_inputs_that_it_has():
    known = set(read(ROOT / ".github/workflows/acceptance.yml")["on"]["workflow_call"]["inputs"])
    given = [set(job["with"]) for _, job in jobs() if job.get("uses", "").endswith("/acceptance.yml")]
    assert len(given) == 2
    assert set.union(*given) <= known


@pytest.mark.parametrize("where", ["github", "gitlab"])
def test_each_server_that_is_started_here_is_tried_on_each_push(where):
    servers = {file.stem for file in (ROOT / "resources" / "s3_servers").glob("*.yaml")} - {"external"}
    if where == "github":
        matrix = read(ROOT / ".github/workflows/ci.yml")["jobs"]["acceptance"]["strategy"]["matrix"]["server"]
    else:
        matrix = read(ROOT / ".gitlab-ci.yml")["acceptance"]["parallel"]["matrix"][0]["S3_SERVER"]
    assert set(matrix) == servers


@pytest.mark.parametrize("file", [".github/workflows/ci.yml", ".gitlab-ci.yml"])
def test_the_page_is_looked_at_in_a_browser_on_each_push(file):
    lines = (ROOT / file).read_text().splitlines()
    assert [line for line in lines if line.strip().removeprefix("- ").removeprefix("run: ") == "make test-browser"]


@pytest.mark.parametrize("where", ["github", "gitlab"])
def test_twenty_different_random_orders_are_tried_each_night(where):
    if where == "github":
        orders = read(ROOT / ".github/workflows/nightly.yml")["jobs"]["orders"]["strategy"]["matrix"]["order"]
    else:
        orders = [
            order
            for row in read(ROOT / ".gitlab-ci.yml")["random-order"]["parallel"]["matrix"]
            for order in row["ORDER"]
        ]
    assert len(set(orders)) == 20


@pytest.mark.parametrize("file", [".github/workflows/nightly.yml", ".gitlab-ci.yml"])
def test_new_dice_and_every_crash_point_are_tried_each_night(file):
    assert "make --keep-going test-long" in (ROOT / file).read_text()


def test_the_commands_that_ci_calls_exist():
    text = "".join(file.read_text() for file in [*WORKFLOWS, *GITLAB])
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"\bmake (?:--[\w-]+ )*([a-z][\w-]*)", text))
    assert {"acceptance", "image", "test", "test-browser", "mutants"} <= targets
    assert [target for target in targets if not re.search(rf"^{target}:", makefile, re.MULTILINE)] == []
    assert [script for script in re.findall(r"scripts/\w+\.py", text) if not (ROOT / script).is_file()] == []
