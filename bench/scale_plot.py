"""The plot of docs/scale.md: wall time and cost over workers, for some sizes of files."""

from __future__ import annotations

from pathlib import Path

from bench.model import Costs, on_a_cluster

FILES = 1_000_000
SIZES = {"4 KiB": 4 << 10, "256 KiB": 256 << 10, "16 MiB": 16 << 20}
_MOST = 1000


def draw(costs: Costs, target: Path) -> None:
    """Draw a million files on 1 to 1,000 workers."""
    from matplotlib.figure import Figure

    workers = sorted({round(10 ** (exponent / 10)) for exponent in range(31)})
    figure = Figure(figsize=(10, 4), layout="constrained")
    times, prices = figure.subplots(1, 2)
    for label, size in SIZES.items():
        forecasts = [on_a_cluster(costs, FILES, size, number) for number in workers]
        times.plot(workers, [each.seconds / 3600 for each in forecasts], label=label)
        prices.plot(workers, [each.dollars for each in forecasts], label=label)
    for axes, what in ((times, "hours"), (prices, "US dollars")):
        axes.set(xscale="log", yscale="log", xlabel="workers", xlim=(1, _MOST), title=f"{FILES:,} files: {what}")
        axes.grid(visible=True, which="both", alpha=0.3)
        axes.legend(title="bytes a file")
    # Nothing that differs from call to call.
    figure.savefig(target, dpi=100, metadata={"Software": None})
