"""docs/scale.md, written from what was measured and what the model makes of it."""

from __future__ import annotations

import os
from collections.abc import Iterator

from bench.model import (
    DOLLARS_PER_CORE_HOUR,
    DOLLARS_PER_PUT,
    PUTS_PER_PREFIX,
    SHARED_BYTES,
    Costs,
    on_a_cluster,
    on_one_machine,
)
from bench.scale_plot import FILES, SIZES
from bench.scale_trial import WORKERS, Trial

_CLUSTERS = (1, 10, 100, 1000)
_SMALL = 4 << 10
# From here on wall times tell more of the machine's other work than of the run.
_DISTURBED = 0.2
_CHANGES = {
    "the workers' CPU": "more workers",
    "the coordinator": "several sources, a coordinator each; fewer, bigger files (pack small ones into an archive)",
    "S3's requests for a prefix": "several prefixes or buckets, a source each",
    "the shared file system": "a faster one, or sources on several",
}


def written(costs: Costs, trial: Trial, machine: str, *, same: bool) -> str:
    """The whole page; `same` tells whether the costs were measured on a machine of this kind, too."""
    lines = [*_head(costs), *_limits(costs), *_held_against(costs, trial, machine)]
    if not same:
        lines += ["", "RESULTS.md was measured on **another kind of machine**, so the error is not the model's alone."]
    return "\n".join(lines) + "\n"


def _head(costs: Costs) -> Iterator[str]:
    yield "# From one machine to many"
    yield ""
    yield "Written by `python -m bench.scale` from [RESULTS.md](../bench/RESULTS.md); not by hand. The model is"
    yield "[model.py](../bench/model.py): a closed queueing network, solved by mean value analysis."
    yield ""
    yield "![Wall time and cost](scale.png)"
    yield ""
    yield "## What goes in"
    yield ""
    yield "| | | from |"
    yield "| --- | --- | --- |"
    measured = "the cases `small` and `small-tenth`"
    yield f"| CPU of a file, whatever its size | {costs.file * 1e3:.2f} ms | {measured} |"
    yield f"| … of which no other thread can go on | {costs.locked:.0%} | {measured}, wall time by CPU |"
    yield f"| … of which the coordinator's thread | {costs.coordinator * 1e3:.2f} ms | the trial below |"
    yield f"| CPU of a MiB | {costs.byte * (1 << 20) * 1e3:.1f} ms | the cases `csv` and `csv-tenth` |"
    yield f"| the server's part of a put | {costs.server * 1e3:.2f} ms | {measured} |"
    yield f"| start of a run | {costs.start:.2f} s | {measured} |"
    yield f"| S3: PUTs a second and prefix | {PUTS_PER_PREFIX:,.0f} | AWS's documentation |"
    yield f"| the shared file system | {SHARED_BYTES * 8 / 1e9:.0f} Gbit/s | assumed |"
    yield f"| 1,000 PUTs; an hour of a core | ${DOLLARS_PER_PUT * 1000:.3f}; ${DOLLARS_PER_CORE_HOUR:.2f} | assumed |"


def _limits(costs: Costs) -> Iterator[str]:
    yield ""
    yield "## What limits first"
    yield ""
    yield f"{FILES:,} files, one prefix, each worker a process with a core of its own. What handing a file to a cluster"
    yield "costs is not in it: RESULTS.md tells it of `cluster-small`, and it adds to the coordinator's part."
    yield ""
    yield "| bytes a file | workers | hours | US dollars | files/s | busiest | by how much |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    met = []
    for label, size in SIZES.items():
        for workers in _CLUSTERS:
            told = on_a_cluster(costs, FILES, size, workers)
            met.append(told.limit)
            yield (
                f"| {label} | {workers:,} | {told.seconds / 3600:,.2f} | {told.dollars:,.2f}"
                f" | {FILES / told.seconds:,.0f} | {told.limit} | {told.busy[told.limit]:.0%} |"
            )
    yield ""
    yield "What to change there:"
    yield ""
    for limit, change in _CHANGES.items():
        if limit in met:
            yield f"- **{limit}**: {change}"


def _held_against(costs: Costs, trial: Trial, machine: str) -> Iterator[str]:
    cores = len(os.sched_getaffinity(0))
    yield ""
    yield "## Held against measurement"
    yield ""
    yield f"{trial.files:,} CSV files of 4 KiB in one process with `--workers`, beside the server; {trial.day},"
    yield f"{machine}. Medians of three rounds."
    if trial.others > _DISTURBED:
        yield ""
        yield f"**Disturbed**: other work took up to {trial.others:.1f} cores meanwhile, so this says little."
    yield ""
    yield "| workers | measured s | predicted s | error |"
    yield "| --- | --- | --- | --- |"
    for workers in WORKERS:
        seconds = trial.wall[str(workers)]
        told = on_one_machine(costs, trial.files, _SMALL, workers, cores).seconds
        yield f"| {workers} | {seconds:.1f} | {told:.1f} | {told / seconds - 1:+.0%} |"
