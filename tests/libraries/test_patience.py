"""How long waits last, and how many processes there are: two settings with one place each."""

import os
from datetime import timedelta

import pytest

from harness.patience import VARIABLE, factor, patient
from harness.processes import MOST, wanted


def test_a_limit_grows_with_the_variable(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    assert patient(60) == timedelta(seconds=60)
    monkeypatch.setenv(VARIABLE, "2.5")
    assert patient(60) == timedelta(seconds=150)


@pytest.mark.parametrize("given", ["0.5", "-1", "much", "nan", "inf"])
def test_what_is_no_factor_is_told(given):
    with pytest.raises(ValueError, match="PATIENCE must be a number from 1 on"):
        factor(given)


@pytest.mark.parametrize(("cores", "processes"), [(1, 3), (2, 4), (64, MOST), (None, 3)])
def test_there_are_two_processes_more_than_cores(monkeypatch, cores, processes):
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert wanted(None) == wanted("") == processes
    assert wanted("1") == 1


@pytest.mark.parametrize("given", ["0", "-2", "1.5", "all"])
def test_what_is_no_number_of_processes_is_told(given):
    with pytest.raises(ValueError, match="PROCESSES must be a whole number from 1 on"):
        wanted(given)
