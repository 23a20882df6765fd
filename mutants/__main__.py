"""``python -m mutants [NAME …]``: try each mutant against the suite and write the table.

It fails where a mutant survives, where one could not be tried, or where the migrator as it is turns a test red.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from harness.progress import say, seconds
from mutants import results
from mutants.mutant import CLEAN, ROOT, BadMutant, Mutant, load
from mutants.trial import KEPT, Trial, Trials, Verdict, sweep

_JOBS = 2


def main(arguments: Sequence[str]) -> int:
    """Try the mutants that the arguments name, or all; the exit code is 0 where all were caught."""
    given = _parser().parse_args(arguments)
    begun = time.monotonic()
    try:
        everything = load()
        chosen = load(given.names)
    except BadMutant as error:
        say(str(error))
        return 2
    say(f"Trying {len(chosen)} mutants, {given.jobs} at a time …")
    sweep()
    trials = Trials(given.root)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        told = _all_tried(trials, chosen, given.jobs, quick=given.quick)
    except KeyboardInterrupt:
        say("Stopped; the table stays as it was.")
        return 130
    took = time.monotonic() - begun
    clean = [trial for trial in told if trial.mutant is CLEAN]
    tried = results.in_order(trial for trial in told if trial.mutant is not CLEAN)
    results.write(tried, [mutant.name for mutant in everything], took)
    return _concluded(tried, clean, took)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mutants", description="See that the suite finds broken migrators.")
    parser.add_argument("names", metavar="NAME", nargs="*", help="a mutant's file in mutants/defects (default: all)")
    parser.add_argument("--jobs", type=int, default=_JOBS, help=f"runs side by side ({_JOBS})")
    parser.add_argument("--quick", action="store_true", help="only the tests that should be red, and no clean run")
    parser.add_argument("--root", type=Path, default=ROOT, help="where the migrator is (this repository)")
    return parser


def _all_tried(trials: Trials, chosen: Sequence[Mutant], jobs: int, *, quick: bool) -> list[Trial]:
    tests = sorted({pattern for mutant in chosen for pattern in mutant.caught_by})
    told: list[Trial] = []
    with ThreadPoolExecutor(jobs) as pool:
        waiting = [] if quick else [pool.submit(trials.try_out, CLEAN, tests, whole=False)]
        waiting += [pool.submit(trials.try_out, mutant, mutant.caught_by, whole=not quick) for mutant in chosen]
        try:
            for number, future in enumerate(as_completed(waiting), 1):
                trial = future.result()
                told.append(trial)
                say(f"{number}/{len(waiting)} {_told(trial)}")
        except BaseException:
            for future in waiting:
                future.cancel()
            trials.stop()
            raise
    return told


def _told(trial: Trial) -> str:
    by = f" by {trial.test}" if trial.test else ""
    return f"{trial.mutant.name}: {trial.verdict}{by} ({seconds(trial.seconds)}): {results.shortened(trial.message)}"


def _concluded(tried: Sequence[Trial], clean: Sequence[Trial], took: float) -> int:
    bad = [trial for trial in tried if trial.verdict is not Verdict.CAUGHT]
    unclean = [trial for trial in clean if trial.verdict is not Verdict.SURVIVED]
    say(f"{len(tried) - len(bad)} of {len(tried)} mutants caught in {seconds(took)}; the table is {results.FILE}")
    for trial in [*unclean, *bad]:
        say(f"WRONG: {_told(trial)}; its output is in {KEPT / trial.mutant.name}")
    return 1 if bad or unclean else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
