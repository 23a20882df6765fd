"""Writes what was measured as Markdown: goals first, then every case with all contenders."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from bench import machine
from bench.book import Book, Measured
from bench.cases import CASES, MIB, Case, Goal
from bench.earlier import Earlier
from bench.ways import OWN, SUITE, title

# From here on the wall times of a run tell more of its neighbours than of itself.
_DISTURBED = 0.2
_COUNTED = {"small", "many", "done"}
_HEAD = """# What the migrator costs

Written by `make bench`; not by hand. Whole processes, taken in turn with peers; medians over the rounds. `ratio` is
the migrator's wall time by the peer's, the median of the rounds' own ratios. CPU is user and system time of the
process; the S3 server (with the engine's proxy before it) takes its own beside it, on the same cores. Peak is the
kernel's `ru_maxrss`, the most of all rounds; under 60 MiB it cannot tell, for that is what the bench itself takes.
On a cluster the CPU of the scheduler and the workers is added, and the peak is that of whichever process held most; it
is a new one for each run, and its start is not in the time.
`others` is what everything else on the machine took meanwhile, in cores: where it is more than 0.2, wall times are
disturbed (marked `~`), and CPU seconds say more. Inputs lie in memory (tmpfs), so do the server's data.
Seconds compare within a case only: from one hour to the next a machine may be two or three times as fast. A case that
another machine has measured names it.
Of the suite's own cases (`acceptance`, `acceptance-stories`, `environment`) CPU is that of all its processes, the
migrators' among them; their servers and the engine are among the others. The image is at hand.
The peers keep no state, do not look whether the bucket has what they sent, and lose what [README.md](README.md) names.
"""


def written(book: Book, before: str = "") -> str:
    """The whole report; of cases that the book does not know, with what the report said `before`."""
    kind = machine.kind()
    earlier = Earlier(before, kind)
    lines = [_HEAD, f"Machine: {kind}.  ", f"Versions: {machine.versions()}.", "", *_goals(book, earlier)]
    for case in CASES:
        told = list(_case(case, book[case.name])) if case.name in book else earlier.section(case.name)
        lines += ["", *told] if told else []
    lines += ["", *_growth(book, earlier)]
    return "\n".join(lines) + "\n"


def _goals(book: Book, earlier: Earlier) -> Iterator[str]:
    yield "## Goals"
    yield ""
    yield "| case | goal | measured | |"
    yield "| --- | --- | --- | --- |"
    for case in CASES:
        if case.name not in book:
            yield from earlier.goals(case.title)
            continue
        if OWN in book[case.name].missing:
            yield f"| {case.title} | | {book[case.name].missing[OWN]} | **not measured** |"
            continue
        if not _measured(book, case.name):
            continue
        for goal in case.goals:
            value = _value(case, goal, book)
            if value is None:
                continue
            reached = value >= goal.bound if goal.measure in {"speedup", "files_s", "mib_s"} else value <= goal.bound
            unit = _UNITS[goal.measure]
            sign = _disturbed(case, book[case.name]) if goal.measure not in {"peak", "overhead_cpu"} else ""
            yield (
                f"| {case.title} | {_meaning(goal)} | {sign}{_figure(value)}{unit}"
                f" | {'reached' if reached else '**not reached**'} |"
            )


_UNITS = {
    "ratio": "",
    "speedup": "",
    "files_s": " files/s",
    "mib_s": " MiB/s",
    "wall": " s",
    "peak": " MiB",
    "overhead_wall": " ms",
    "overhead_cpu": " ms",
}
_OVERHEADS = {"overhead_wall": "wall", "overhead_cpu": "cpu"}


def _meaning(goal: Goal) -> str:
    bound = f"{goal.bound:g}{_UNITS[goal.measure]}"
    if goal.measure == "ratio":
        known = {case.name for case in CASES}
        other = f"the case `{goal.against}`" if goal.against in known else title(goal.against)
        return f"wall ≤ {bound} of {other}"
    if goal.measure == "speedup":
        return f"≥ {bound} times {title(goal.against)}"
    if goal.measure in _OVERHEADS:
        time = "CPU" if goal.measure == "overhead_cpu" else "wall"
        return f"{time} a file ≤ {bound} above {title(goal.against)}"
    if goal.measure == "wall":
        return f"wall ≤ {bound}"
    if goal.measure == "peak":
        return f"peak ≤ {bound}"
    return f"≥ {bound}"


def _value(case: Case, goal: Goal, book: Book) -> float | None:
    measured = book[case.name]
    wall = measured.middle(OWN, "wall")
    if goal.measure == "peak":
        return measured.middle(OWN, "peak")
    if goal.measure == "wall":
        return wall
    if goal.measure in _OVERHEADS:
        return _overhead(case, goal, book)
    if goal.measure == "files_s":
        return measured.size / wall
    if goal.measure == "mib_s":
        return measured.size / MIB / wall
    if any(case.name == goal.against for case in CASES):
        return wall / book[goal.against].middle(OWN, "wall") if _measured(book, goal.against) else None
    ratio = measured.ratio(goal.against)
    return ratio if ratio is None or goal.measure == "ratio" else 1 / ratio


def _overhead(case: Case, goal: Goal, book: Book) -> float | None:
    """Milliseconds a file: how the migrator's excess over the peer grows from the tenth of the files to all of them."""
    tenth = next(each.name for each in CASES if each.tenth_of == case.name)
    if not _measured(book, tenth):
        return None
    whole, part = book[case.name], book[tenth]
    more, less = (each.excess(goal.against, _OVERHEADS[goal.measure]) for each in (whole, part))
    return None if more is None or less is None else (more - less) / (whole.size - part.size) * 1000


def _case(case: Case, measured: Measured) -> Iterator[str]:
    yield f"## {case.title[:1].upper()}{case.title[1:]}"
    yield ""
    yield f"`{case.name}`: {_size(case, measured)}; {len(measured.rounds)} rounds on {measured.day}."
    yield ""
    yield "| | wall s | ratio | ratio of CPU | CPU s | server CPU s | peak MiB | others, cores | load |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    for name in (OWN, *case.peers):
        samples = measured.samples(name)
        if name in measured.missing or not samples:
            reason = measured.missing.get(name, "not measured")
            yield f"| {title(name, case.act)} | {reason} | | | | | | | |"
            continue
        others = median(sample.others / sample.wall for sample in samples)
        loads = f"{min(sample.load[0] for sample in samples):.1f} to {max(sample.load[1] for sample in samples):.1f}"
        ratios = [measured.ratio(name, measure) for measure in ("wall", "cpu")] if name != OWN else [None, None]
        figures = [
            _sign(case, others) + _figure(measured.middle(name, "wall")),
            *("" if ratio is None else f"{ratio:.2f}" for ratio in ratios),
            _figure(measured.middle(name, "cpu")),
            _figure(measured.middle(name, "server")),
            f"{measured.middle(name, 'peak'):.0f}",
            f"{others:.1f}",
            loads,
        ]
        yield f"| {title(name, case.act)} | {' | '.join(figures)} |"


def _growth(book: Book, earlier: Earlier) -> Iterator[str]:
    rows = [row for case in CASES if case.tenth_of for row in _grown(case, case.tenth_of, book, earlier)]
    if not rows:
        return
    yield "## How cost grows"
    yield ""
    yield "Ten times the size, and by how much the migrator's cost grows (start-up included; 10 is linear)."
    yield ""
    yield "| | wall | CPU | peak |"
    yield "| --- | --- | --- | --- |"
    yield from rows


def _grown(small: Case, name: str, book: Book, earlier: Earlier) -> list[str]:
    if not (_measured(book, small.name) and _measured(book, name)):
        return earlier.growth(small.title, name)
    tenth, whole = book[small.name], book[name]
    figures = [whole.middle(OWN, measure) / tenth.middle(OWN, measure) for measure in ("wall", "cpu", "peak")]
    return [f"| {small.title} → `{name}` | {' | '.join(f'{figure:.1f} times' for figure in figures)} |"]


def _measured(book: Book, name: str) -> bool:
    return name in book and OWN not in book[name].missing and bool(book[name].samples(OWN))


def _disturbed(case: Case, measured: Measured) -> str:
    return _sign(case, median(sample.others / sample.wall for sample in measured.samples(OWN)))


def _sign(case: Case, others: float) -> str:
    # The suite's own servers are among the others.
    return "~" if others > _DISTURBED and case.act not in SUITE else ""


def _size(case: Case, measured: Measured) -> str:
    if case.act in SUITE:
        passed = min((sample.passed for sample in measured.samples(OWN)), default=0)
        return f"{passed} scenarios passed" if passed else "one environment"
    return f"{measured.size:,} files" if case.input.kind in _COUNTED else f"{measured.size / MIB:,.0f} MiB"


def _figure(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
