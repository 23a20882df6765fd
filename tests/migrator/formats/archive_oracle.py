"""Random archives together with what must become of them, by the contract and without the migrator's code.

An archive is made by the standard library from a plan; the plan tells which objects it must give, or which reasons
there are to refuse it. Where there are several, any of them will do.
"""

import gzip
import json
from collections.abc import Callable
from urllib.parse import quote

from tests.migrator.formats.archive_bytes import damaged_zip, gzipped, is_header, tar_of, zip_of
from tests.migrator.formats.archive_plan import (
    CORRUPT,
    EMPTY,
    LIMIT,
    NAME,
    NOT_UTF8,
    UNSAFE,
    UNSUPPORTED,
    UTF8,
    Dice,
    Made,
    Member,
    Outcome,
)

PREFIX = "lake"
_MAX_DEPTH = 8
_MAX_KEY_BYTES = 1024
_KINDS = ("zip", "tar", "tar.gz", "tgz", "gz")


def source(dice: Dice) -> tuple[str, bytes, Outcome]:
    """A source's name, its bytes, and what must become of it."""
    if dice.one_in(25):
        return _chain(dice)
    kind = dice.choice(_KINDS)
    name = f"x.{kind}" if kind != "gz" else dice.choice(["n.csv.gz", "n.json.GZ", "x.tar.gz", "n.txt.gz", "y.zip.gz"])
    made = _content(dice, name, 1, alone=False)
    return name, made.data, made.outcome(f"{PREFIX}/{name}", quote(name, safe="/"), 1)


def _content(dice: Dice, name: str, depth: int, *, alone: bool) -> Made:
    """The bytes of what `name` says it is; `alone`: whether it is compressed by itself."""
    lower = name.lower()
    if lower.endswith((".tar.gz", ".tgz")):
        return _packed(dice, lambda: _tar(dice, depth), compress=True)
    if lower.endswith(".tar"):
        return _packed(dice, lambda: _tar(dice, depth), compress=False)
    if lower.endswith(".zip"):
        return _zip(dice, depth)
    if lower.endswith(".gz"):
        return _gz(dice, name, depth)
    return _regular(dice, lower, alone=alone)


def _chain(dice: Dice) -> tuple[str, bytes, Outcome]:
    """Archives in each other, about as deep as they may lie."""
    depth = dice.randint(_MAX_DEPTH - 2, _MAX_DEPTH + 2)
    name, data, path = "n.csv", b"a\n1\n", ""
    inner: list[str] = []
    for level in range(depth):
        inner.insert(0, name)
        # A compressed tar is one archive, not two.
        kind = dice.choice(["zip", "tar", "tgz"] if name.endswith(".tar") else ["zip", "tar", "tgz", "gz"])
        member = Member(name, "file", Made(data, _one_row), set())
        if kind == "gz":
            data, name = gzip.compress(data, mtime=0), f"{name}.gz"
        elif kind == "zip":
            data, name = zip_of(dice, [member]), f"{level}.zip"
        else:
            data, _ = tar_of(dice, [member])
            data, name = (gzip.compress(data, mtime=0), f"{level}.tgz") if kind == "tgz" else (data, f"{level}.tar")
    key = "/".join([PREFIX, name, *inner])
    path = "!".join([name, *inner])
    outcome = Outcome(reasons={UNSAFE}) if depth > _MAX_DEPTH else Outcome({f"{key}.parquet": (1, path)})
    return name, data, outcome


# ---- files that are no archives ----


def _regular(dice: Dice, lower: str, *, alone: bool) -> Made:
    rows = dice.randint(1, 5)
    noise = "".join(dice.choice("abcdefgh") for _ in range(dice.choice([0, 10, 3000])))
    if dice.one_in(60):
        known = lower.endswith((".csv", ".json", ".ndjson", ".jsonl", ".txt", ".sql"))
        return Made(b"", lambda *_: Outcome(reasons={EMPTY} if known else {EMPTY, UNSUPPORTED}))
    if alone and dice.one_in(60):
        return Made(bytes(3 * LIMIT), lambda *_: Outcome(reasons={UNSAFE, *_of_zeros(lower)}))
    if lower.endswith(".csv"):
        if dice.one_in(60):
            return Made(b"a,b\n1\n", lambda *_: Outcome(reasons={"malformed-csv"}))
        text = "h,n\n" + "".join(f"{row},{noise}\n" for row in range(rows))
        return Made(text.encode(), lambda key, path, _: Outcome({f"{key}.parquet": (rows, path)}))
    if lower.endswith((".json", ".ndjson", ".jsonl")):
        if dice.one_in(60):
            return Made(b'[{"a": NaN}]', lambda *_: Outcome(reasons={"malformed-json"}))
        text = json.dumps([{"n": row, "noise": noise} for row in range(rows)])
        return Made(text.encode(), lambda key, path, _: Outcome({f"{key}.parquet": (rows, path)}))
    if lower.endswith(".txt"):
        if dice.one_in(60):
            return Made(b"\xff\xfa\xff", lambda *_: Outcome(reasons={"not-text"}))
        return Made(f"{noise}x\n".encode() * rows, lambda key, path, _: Outcome({f"{key}.parquet": (rows, path)}))
    if lower.endswith(".sql"):
        tables = dice.sample(["t", "u", "V w"], dice.randint(0, 2))
        values = ", ".join(["(1)"] * rows)
        text = "".join(["-- a dump\n", *(f'INSERT INTO "{table}" VALUES {values};\n' for table in tables)])  # noqa: S608
        return Made(
            text.encode(),
            lambda key, path, _: Outcome({f"{key}/{table}.parquet": (rows, path) for table in tables}),
        )
    return Made(b"?" + noise.encode(), lambda *_: Outcome(reasons={UNSUPPORTED}))


def _of_zeros(lower: str) -> set[str]:
    """What else is wrong with a file of zeros."""
    if lower.endswith((".json", ".ndjson", ".jsonl")):
        return {"malformed-json"}
    return set() if lower.endswith((".csv", ".txt", ".sql")) else {UNSUPPORTED}


# ---- members of zips and tars ----


_PLAIN = (
    "a.csv",
    "b.json",
    "c.txt",
    "d.sql",
    "E.CSV",
    "f.ndjson",
    "ä 日.txt",
    "g~2.csv",
    "h.x.jsonl",
    "%25.csv",
    "!.csv",
)
_ODD = ("noext", "doc.xlsx", "z.7z", "csv", ".csv.bak")
_UNSAFE_PATHS = ("../a.csv", "/a.csv", "m/../../b.csv", "m/..", "/../c.txt", ".h/../d.csv", "..", "__MACOSX/../x.csv")


def _members(dice: Dice, depth: int, *, is_zip: bool) -> list[Member]:
    count = dice.choice([0, 1, 1, 2, 2, 3, 4, 6]) if depth > 1 or dice.one_in(8) else dice.randint(1, 6)
    found = [_any_member(dice, depth, number, is_zip=is_zip) for number in range(count)]
    if found and dice.one_in(40):
        found.append(_again(dice, dice.choice(found)))
    return found


def _any_member(dice: Dice, depth: int, number: int, *, is_zip: bool) -> Member:
    empty = Made(b"", lambda *_: Outcome())
    if dice.one_in(60):
        path = dice.choice(_UNSAFE_PATHS)
        return Member(path, "file", Made(b"a\n1\n", lambda *_: Outcome()), {UNSAFE})
    if dice.one_in(60):
        path = dice.choice([f"l{number}.csv", f"l{number}/", f".l{number}", f"__MACOSX/l{number}", f"l{number}"])
        kinds = ["link", "fifo", "device"] if is_zip else ["link", "hard link", "fifo", "device"]
        return Member(path, dice.choice(kinds), empty, {UNSAFE})
    if dice.one_in(10):
        return Member(dice.choice([f"dir{number}/", f"deep/dir{number}/", f".dir{number}/"]), "folder", empty, set())
    if dice.one_in(14):
        hidden = dice.choice(
            [f".h{number}.csv", f".d/x{number}.csv", f"__MACOSX/._x{number}.csv", f"__MACOSX/{number}/y"]
        )
        return Member(hidden, "file", Made(b"\xff" * dice.choice([0, 9]), lambda *_: Outcome()), set(), hidden=True)
    if dice.one_in(50):
        name = f"{number}-{dice.choice(_ODD)}" if not dice.one_in(3) else dice.choice(_ODD[:-1])
    elif dice.one_in(5) and depth < _MAX_DEPTH + 2:
        name = f"{number}.{dice.choice(_KINDS[:-1])}" if not dice.one_in(3) else f"{number}.csv.gz"
    else:
        name = f"{number}{dice.choice(_PLAIN)}"
    if dice.one_in(30):
        name = f"{UTF8}{name}"
    made = _content(dice, name, depth + 1, alone=is_zip)
    if dice.one_in(60):
        # A folder's name counts as well, as it is in the key.
        return Member(f"{NOT_UTF8}{name}", "file", made, {NAME})
    # Segments that mean nothing are dropped.
    folder = dice.choice(["", "", "m/", "m/o/", "./", "m//", "m/./", "./m/", "long" * 40 + "/"])
    return Member(folder + name, "file", made, set())


def _again(dice: Dice, member: Member) -> Member:
    """A second member of the same path, written in the same or another way."""
    if member.kind != "file":
        return Member("0/ok.csv", "file", Made(b"a\n1\n", _one_row), set())
    path = member.path if member.path.startswith(("/", ".")) else dice.choice([member.path, f"./{member.path}"])
    return Member(path, "file", Made(b"a\n1\n", lambda *_: Outcome()), {UNSAFE})


def _one_row(key: str, path: str, _: int) -> Outcome:
    return Outcome({f"{key}.parquet": (1, path)})


def _clean(path: str) -> str:
    return "/".join(segment for segment in path.split("/") if segment not in {"", "."})


def _outcome(members: list[Member], damage: set[str]) -> Callable[[str, str, int], Outcome]:
    def outcome(key: str, path: str, depth: int) -> Outcome:
        all_of_it = Outcome(reasons=set(damage))
        if depth > _MAX_DEPTH:
            all_of_it.reasons.add(UNSAFE)
        counted = 0
        for member in members:
            all_of_it.reasons |= member.reasons
            if member.kind != "file" or member.hidden:
                continue
            counted += 1
            clean = _clean(member.path)
            deeper = depth + (1 if _is_archive(clean) else 0)
            if member.reasons:
                # It gives nothing, and what is in it may be refused, too.
                all_of_it.reasons |= member.made.outcome("", "", deeper).reasons
                continue
            all_of_it.add(member.made.outcome(f"{key}/{clean}", f"{path}!{quote(clean, safe='/')}", deeper))
        if not counted:
            all_of_it.reasons.add(EMPTY)
        if any(len(each.encode()) > _MAX_KEY_BYTES for each in all_of_it.objects):
            all_of_it.reasons.add(NAME)
        return all_of_it

    return outcome


def _is_archive(path: str) -> bool:
    return path.lower().endswith((".zip", ".tar", ".tgz", ".gz"))


# ---- archives ----


def _zip(dice: Dice, depth: int) -> Made:
    members = _members(dice, depth, is_zip=True)
    data, damage = damaged_zip(dice, zip_of(dice, members), members)
    return Made(data, _outcome(members, damage))


def _tar(dice: Dice, depth: int) -> Made:
    members = _members(dice, depth, is_zip=False)
    whole, end = tar_of(dice, members)
    data, damage = whole, set[str]()
    if dice.one_in(30):
        # One block of zeros is enough, and needed.
        data = whole[: end + 512]
    elif end and dice.one_in(30):
        data, damage = whole[: dice.randrange(1, end + 512)], {CORRUPT}
    elif end and dice.one_in(30) and is_header(whole, end - 512):
        data, damage = whole[: end - 512 + 148] + b"7777777\0" + whole[end - 512 + 156 :], {CORRUPT}
    return Made(data, _outcome(members, damage))


def _packed(dice: Dice, make: Callable[[], Made], *, compress: bool) -> Made:
    made = make()
    if not compress:
        return made
    data, damage = gzipped(dice, made.data)

    def outcome(key: str, path: str, depth: int) -> Outcome:
        found = made.outcome(key, path, depth)
        found.reasons |= damage
        return found

    return Made(data, outcome)


def _gz(dice: Dice, name: str, depth: int) -> Made:
    inner = name[: -len(".gz")]
    made = _content(dice, inner, depth + 1, alone=True)
    data, damage = gzipped(dice, made.data)

    def outcome(key: str, path: str, depth: int) -> Outcome:
        deeper = depth + (1 if _is_archive(inner) else 0)
        found = made.outcome(f"{key}/{inner}", f"{path}!{quote(inner, safe='/')}", deeper)
        found.reasons |= damage | ({UNSAFE} if depth > _MAX_DEPTH else set())
        return found

    return Made(data, outcome)
