import os
import subprocess
from dataclasses import replace

from harness import run_id
from harness.run_id import Owner, Run


def test_a_process_has_one_run():
    assert run_id.current() == run_id.current()


def test_children_inherit_the_mark():
    run = run_id.current()
    told = subprocess.run(["printenv", run_id.ENVIRONMENT_VARIABLE], capture_output=True, text=True, check=True)
    assert Run.of_mark(told.stdout.strip()) == run


def test_labels_and_marks_tell_the_run_again():
    run = run_id.current()
    assert Run.of_labels(run.labels("server")) == run
    assert Run.of_mark(run.mark) == run


def test_what_bears_no_label_of_ours_is_nobodys():
    assert Run.of_labels({}) is None
    assert Run.of_labels(None) is None
    assert Run.of_labels({run_id.RUN_LABEL: "x", run_id.OWNER_LABEL: "nonsense"}) is None
    assert Run.of_mark("nonsense") is None


def test_a_living_owner_lives():
    assert run_id.current().owner.alive() is True


def test_an_owner_whose_process_id_was_given_to_another_process_is_dead():
    assert replace(run_id.current().owner, started="1").alive() is False


def test_an_owner_of_another_boot_is_dead():
    assert replace(run_id.current().owner, boot="another").alive() is False


def test_of_an_owner_on_another_machine_nothing_is_known():
    assert replace(run_id.current().owner, host="another").alive() is None


def test_an_owner_that_ended_is_dead_even_before_it_was_waited_for():
    process = subprocess.Popen(["sleep", "60"])
    owner = Owner.of(process.pid)
    assert owner.alive() is True
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert owner.alive() is False
    process.wait()
