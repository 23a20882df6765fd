"""The bench's report over time: what was measured elsewhere or before stays, and says where it is from."""

import pytest

from bench import machine, report
from bench.book import Book, Measured
from bench.measure import Sample
from bench.ways import OWN


def measured(wall):
    return Measured(1000, "2026-01-01", [{OWN: Sample(wall, wall, 100.0, 0.0, 0.0, (0.0, 0.0))}])


@pytest.fixture
def before(tmp_path, monkeypatch):
    """A report of two csv cases and of `nothing`, from a machine of its own."""
    book = Book(tmp_path / "before.json")
    for name, wall in (("csv", 10.0), ("csv-tenth", 2.0), ("nothing", 1.0)):
        book.enter(name, measured(wall))
    with monkeypatch.context() as patch:
        patch.setattr(machine, "kind", lambda: "1 core (4.77 MHz)")
        return report.written(book)


def test_what_another_checkout_has_measured_stays_and_names_its_machine(before, tmp_path):
    book = Book(tmp_path / "now.json")
    book.enter("nothing", measured(2.0))
    told = report.written(book, before)
    assert "`csv`: 0 MiB; 1 rounds on 2026-01-01, 1 core (4.77 MHz)." in told
    assert "| **migrator** | 10.0 |" in told
    assert "| one CSV of 1 GiB, 10 columns | peak ≤ 400 MiB | 100 MiB | reached |" in told
    assert "| one CSV of 100 MiB → `csv` | 5.0 times | 5.0 times | 1.0 times |" in told
    assert "`nothing`: 1,000 files; 1 rounds on 2026-01-01.\n" in told
    assert told.count("`nothing`: ") == 1
    assert "| **migrator** | 2.00 |" in told
    assert "| **migrator** | 1.00 |" not in told


def test_a_report_that_is_written_again_stays_the_same(before, tmp_path):
    told = report.written(Book(tmp_path / "now.json"), before)
    assert report.written(Book(tmp_path / "now.json"), told) == told
