"""The cases as data: what is migrated, by whom, and what is to be reached."""

from __future__ import annotations

from dataclasses import dataclass

from bench.ways import ALONE

MIB = 1 << 20
GIB = 1 << 30


@dataclass(frozen=True)
class Input:
    """Files to be made.

    Attributes:
        kind: A maker's name in `inputs.MAKERS`.
        size: Bytes of text (of a packed file: unpacked), or the number of files; at scale 1.
    """

    kind: str
    size: int


@dataclass(frozen=True)
class Goal:
    """What the migrator is to reach.

    Attributes:
        measure: `ratio` (of wall times: the migrator's by the peer's, at most), `speedup` (the peer's by the
            migrator's, at least), `files_s` and `mib_s` (at least), `wall` (seconds at most), `peak` (MiB at most),
            `overhead_wall` and `overhead_cpu` (ms a file at most, by which the migrator is above the peer: the slope
            between this case and its tenth, so that what it costs to begin is in neither).
        bound: The bound.
        against: The peer of a `ratio`, `speedup` or overhead; or another case, of which it is the migrator's run.
    """

    measure: str
    bound: float
    against: str = ""


@dataclass(frozen=True)
class Case:
    """One comparison.

    Attributes:
        name: What `CASES=` calls it.
        title: What the report calls it.
        input: What is migrated.
        peers: Who else does it, by their names in `ways.PEERS`.
        goals: What is to be reached; a peak of 400 MiB is everybody's.
        act: `run`, or what `ways.ACTS` knows besides; or what is asked of the suite itself, in `ways.SUITE`.
        on_paper: Whether the bucket is one that holds nothing and answers as if (`paper_bucket`).
        rounds: How many times at most; 0 leaves it to the caller.
        tenth_of: The case of ten times the size, with which this one shows how cost grows.
        cluster: How many workers of one thread each the migrator has, on a Dask cluster; peers have none.
    """

    name: str
    title: str
    input: Input
    peers: tuple[str, ...] = ()
    goals: tuple[Goal, ...] = ()
    act: str = "run"
    on_paper: bool = False
    rounds: int = 0
    tenth_of: str = ""
    cluster: int = 0


PEAK = Goal("peak", 400)
NOTHING = Input("nothing", 0)


def _many(
    name: str,
    title: str,
    kind: str,
    act: str,
    sizes: tuple[int, ...],
    goals: tuple[Goal, ...] = (),
    *,
    on_paper: bool = False,
) -> tuple[Case, ...]:
    """The same with ever ten times as many files; the goals are those of the most."""
    names = {size: f"{name}-{size // 1000}k" for size in sizes}
    return tuple(
        Case(
            names[size],
            title.format(f"{size:,}"),
            Input(kind, size),
            act=act,
            on_paper=on_paper,
            goals=(PEAK, *(goals if size == sizes[-1] else ())),
            rounds=1 if size >= _MILLION else 0,
            tenth_of=names.get(10 * size, ""),
        )
        for size in sizes
    )


_MILLION = 1_000_000
_TO_A_MILLION = (10_000, 100_000, _MILLION)

CASES = (
    Case(
        "csv",
        "one CSV of 1 GiB, 10 columns",
        Input("csv", GIB),
        ("duckdb", "polars", "pandas", "awswrangler", "pyarrow"),
        (Goal("ratio", 0.75, "duckdb"), PEAK),
    ),
    Case("csv-tenth", "one CSV of 100 MiB", Input("csv", GIB // 10), goals=(PEAK,), tenth_of="csv"),
    Case("csv-4g", "one CSV of 4 GiB", Input("csv", 4 * GIB), goals=(PEAK,), rounds=1),
    Case(
        "small",
        "5,000 CSV files of 4 KiB",
        Input("small", 5000),
        ("pyarrow", "duckdb", "pandas"),
        (Goal("speedup", 2.3, "pyarrow"), Goal("files_s", 900), PEAK),
    ),
    Case("small-tenth", "500 CSV files of 4 KiB", Input("small", 500), goals=(PEAK,), tenth_of="small"),
    Case(
        "ndjson",
        "newline-delimited JSON of 512 MiB",
        Input("ndjson", 512 * MIB),
        ("duckdb", "polars", "pandas", "pyarrow"),
        (Goal("ratio", 1.25, "duckdb"), PEAK),
    ),
    Case(
        "array",
        "a JSON array of 256 MiB on one line",
        Input("array", 256 * MIB),
        ("duckdb", "polars", "pandas"),
        (Goal("ratio", 1.25, "duckdb"), PEAK),
    ),
    Case("mysqldump", "a mysqldump of 256 MiB", Input("mysqldump", 256 * MIB), goals=(Goal("mib_s", 100), PEAK)),
    Case("copy", "a pg_dump (COPY) of 256 MiB", Input("copy", 256 * MIB), goals=(Goal("mib_s", 100), PEAK)),
    Case(
        "csv-gz",
        "csv.gz of 1 GiB unpacked",
        Input("csv_gz", GIB),
        ("duckdb", "polars"),
        (Goal("ratio", 1.15, "csv"), PEAK),
    ),
    Case(
        "cluster-small",
        "5,000 CSV files of 4 KiB on a cluster of two workers",
        Input("small", 5000),
        (ALONE,),
        (Goal("overhead_cpu", 2, ALONE), Goal("overhead_wall", 2, ALONE), PEAK),
        cluster=2,
    ),
    Case(
        "cluster-small-tenth",
        "500 CSV files of 4 KiB on a cluster of two workers",
        Input("small", 500),
        (ALONE,),
        (PEAK,),
        tenth_of="cluster-small",
        cluster=2,
    ),
    Case(
        "cluster-csv",
        "four CSV files of 256 MiB on a cluster of two workers",
        Input("csv_four", GIB),
        (ALONE,),
        (PEAK,),
        cluster=2,
    ),
    Case("tar-gz", "tar.gz of 10 CSV members, 1 GiB unpacked", Input("tar_gz", GIB), goals=(PEAK,)),
    Case(
        "nothing",
        "`run` with nothing to do beside 200,000 done files",
        Input("done", 200_000),
        act="rerun",
        goals=(Goal("wall", 3), PEAK),
    ),
    Case(
        "nothing-tenth",
        "`run` with nothing to do beside 20,000 done files",
        Input("done", 20_000),
        act="rerun",
        goals=(PEAK,),
        tenth_of="nothing",
    ),
    Case("status", "`status` of a folder of one file", Input("small", 1), act="status", goals=(Goal("wall", 0.3),)),
    *_many(
        "inventory",
        "inventory of {} new files, up to the target that does not answer",
        "many",
        "inventory",
        _TO_A_MILLION,
    ),
    *_many(
        "again", "`run` with nothing to do beside {} done files", "done", "rerun", _TO_A_MILLION, (Goal("wall", 15),)
    ),
    *_many("summary", "`status` of {} done files", "done", "status", _TO_A_MILLION),
    *_many("listing", "`status --json` of {} done files", "done", "status_json", _TO_A_MILLION),
    *_many("verify", "`verify` of {} done files", "done", "verify", _TO_A_MILLION, on_paper=True),
    *_many("recover", "`recover` of {} done files", "done", "recover", _TO_A_MILLION, on_paper=True),
    Case("acceptance", "the whole acceptance run", NOTHING, act="acceptance", goals=(Goal("wall", 90),)),
    Case("acceptance-stories", "the acceptance run of US-1 to US-4", NOTHING, act="stories", goals=(Goal("wall", 30),)),
    Case("environment", "an environment, made and removed", NOTHING, act="environment", goals=(Goal("wall", 3),)),
)
