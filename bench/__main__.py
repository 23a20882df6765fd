"""`python -m bench [--scale S] [--cases a,b] [--rounds N] [--peers a,b] [--keep]`; see `make bench`."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Collection
from functools import partial
from pathlib import Path

from bench import report
from bench.book import Book, Measured
from bench.cases import CASES, Case
from bench.measure import Failed
from bench.ways import OWN, PEERS
from bench.workshop import Workshop

_ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    """Measure the cases that are asked for, and write the report; 1 where what is measured has failed in one."""
    asked = _asked()
    workshop = Workshop(asked.scale)
    book = Book(_ROOT / "results" / f"bench-{asked.scale:g}.json")
    chosen = [case for case in CASES if not asked.cases or case.name in asked.cases]
    failed = False
    # Modules are compiled once, before anything is measured.
    subprocess.run([sys.executable, "-m", "compileall", "-q", "migrator", "libraries", "bench"], cwd=_ROOT, check=True)
    for number, case in enumerate(chosen, 1):
        _say(f"{case.title} …")
        failed = not _measure(case, workshop, book, case.rounds or asked.rounds, asked.peers) or failed
        if not asked.keep and not any(other.input == case.input for other in chosen[number:]):
            workshop.forget(case)
        # Only whole sizes are worth keeping in the repository.
        target = _ROOT / "bench" / "RESULTS.md" if asked.scale == 1 else _ROOT / "results" / "BENCH.md"
        before = target.read_text(encoding="utf-8") if target.exists() else ""
        target.write_text(report.written(book, before), encoding="utf-8")
    if not asked.keep:
        workshop.close()
    _say(f"Written: {target.relative_to(_ROOT)}")
    return int(failed)


def _measure(case: Case, workshop: Workshop, book: Book, rounds: int, only: list[str] | None) -> bool:
    """Whether what is measured did its part in every round; a peer need not."""
    measured = Measured(workshop.size(case), time.strftime("%Y-%m-%d"))
    contenders = [OWN, *(peer for peer in case.peers if only is None or peer in only)]
    with workshop.runs(case) as run:
        for number in range(rounds):
            measured.rounds.append({})
            # Who goes first changes from round to round.
            shift = number % len(contenders)
            for name in contenders[shift:] + contenders[:shift]:
                if name in measured.missing:
                    continue
                try:
                    sample = run(name)
                except Failed as failed:
                    _say(f"  {name}: {failed}")
                    measured.missing[name] = f"failed: {str(failed).splitlines()[-1][:120]}"
                    book.enter(case.name, measured)
                    continue
                measured.rounds[-1][name] = sample
                _say(
                    f"  {name:<12} {sample.wall:7.2f} s, CPU {sample.cpu:7.2f} s, server {sample.server:6.2f} s, "
                    f"others {sample.others:6.2f} s, peak {sample.peak:6.0f} MiB"
                )
            # After each round, so that an interrupted call has not measured in vain.
            book.enter(case.name, measured)
    return OWN not in measured.missing


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="what all sizes are multiplied by")
    cases, peers = [case.name for case in CASES], list(PEERS)
    parser.add_argument("--cases", type=partial(_names, cases), default=[], help=f"of {', '.join(cases)}")
    parser.add_argument(
        "--peers",
        type=partial(_names, peers),
        help=f"only these of {', '.join(peers)}; an empty list leaves the migrator alone",
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keep", action="store_true", help="keep the inputs for the next call")
    return parser.parse_args()


def _names(known: Collection[str], text: str) -> list[str]:
    names = [name for name in text.split(",") if name]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: none of {', '.join(known)}")
    return names


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
