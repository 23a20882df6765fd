"""csv and JSON as other programs write them: each oddity alone among plain values, so that no other one hides it."""

from decimal import Decimal

from harness.mock_json import dumped, json_table
from harness.mock_made import Made, good
from harness.mock_text import UTF16, Field, csv, raw_csv
from harness.truth import Json

_DEPTH = 499


def rare_texts() -> dict[str, Made]:
    """All of them by path."""
    return {**_csv_values(), **_csv_layouts(), **_json_files()}


def _csv_values() -> dict[str, Made]:
    """A column that could be typed, were it not for one value; first the plain ones, then the odd one first."""
    columns = {
        "offset": ("2024-02-29T12:00:00Z", "2024-02-29T12:00:00+01:00"),
        "only offsets": ("2024-02-29T12:00:00+01:00", "2024-03-31T02:30:00+02:00"),
        "no seconds": ("2024-02-29 23:59:59", "2024-02-29 23:59"),
        "day among times": ("2024-02-29 00:00:00", "2024-02-29"),
        "time among days": ("2024-02-29", "2024-02-29 00:00:00"),
        "midnight as 24": ("2024-02-29 23:59:59", "2024-02-29 24:00:00"),
        "leap second": ("2016-12-31 23:59:59", "2016-12-31 23:59:60"),
        "short day": ("2024-02-29", "2024-3-1"),
        "no such day": ("2024-02-29", "2024-02-30"),
        "long integer": ("0.5", "9007199254740993"),
        "zero in front": ("2.25", "01.50"),
        "plus": ("2.25", "+1.50"),
        "infinity": ("1.5", "Infinity"),
        "no number": ("1.5", "NaN"),
        "beyond float64": ("1.5", "1e400"),
        "underscores": ("1000", "1_000"),
        "thousands": ("1000", "1,000"),
        "hexadecimal": ("16", "0x10"),
        "blank behind": ("16", "16 "),
        "minus zero": ("16", "-0"),
        "minus zero with a point": ("1.5", "-0.0"),
        "TRUE": ("true", "TRUE"),
        "one": ("true", "1"),
        "yes": ("true", "yes"),
        "t": ("t", "f"),
    }
    plain, odd = ([values[at] for values in columns.values()] for at in (0, 1))
    many: list[list[Field]] = [list(plain) for _ in range(3000)]
    return {
        "values/odd last.csv": csv(list(columns), plain, plain, odd),
        "values/odd first.csv": csv(list(columns), odd, plain),
        # Whoever reads blocks of any power of two sees each of them end between `\r` and `\n`.
        "values/line ends cut.csv": csv(["fifteen letters"], *[["fourteen more."]] * 70_000, end="\r\n"),
        # More rows than some look at before they choose a type.
        "values/odd late.csv": csv(list(columns), *many, odd, plain),
    }


def _csv_layouts() -> dict[str, Made]:
    names = ["id", "text", "number"]
    rows: list[list[Field]] = [["1", "", "0.5"], ["", None, "1.5"], ["3", "a", ""]]
    signs = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
    empty = {f"layouts/empty {name}.csv": csv(names, *rows, delimiter=sign) for name, sign in signs.items()}
    return empty | {
        "layouts/comma before pipe.csv": raw_csv("a,b|c\n1,2|3\n", ["a", "b|c"], ["1", "2|3"]),
        "layouts/semicolon before tab.csv": raw_csv("a;b\tc\n1;2\t3\n", ["a", "b\tc"], ["1", "2\t3"]),
        "layouts/tab before pipe.csv": raw_csv("a|b\tc\n1|2\t3\n", ["a|b", "c"], ["1|2", "3"]),
        "layouts/quoted behind a tab.csv": raw_csv(
            'a\t"b,c,d,e"\tf\n1\t2\t3\n', ["a", "b,c,d,e", "f"], ["1", "2", "3"]
        ),
        "layouts/quoted behind a pipe.csv": raw_csv('a|"b;c;d;e"|f\n1|2|3\n', ["a", "b;c;d;e", "f"], ["1", "2", "3"]),
        "layouts/quoted behind a comma.csv": raw_csv('a,"b;c;d;e",f\n1,2,3\n', ["a", "b;c;d;e", "f"], ["1", "2", "3"]),
        "layouts/two lines in a name.csv": raw_csv('"a\r\nb",c\r\n1,2\r\n', ["a\r\nb", "c"], ["1", "2"]),
        "layouts/mixed ends.csv": raw_csv("a,b\r1,x\n2,y\r\n\r3,z\r", ["a", "b"], ["1", "x"], ["2", "y"], ["3", "z"]),
        "layouts/empty lines first.csv": raw_csv("\n\r\na,b\n1,2\n", ["a", "b"], ["1", "2"]),
        "layouts/one column.csv": raw_csv('only\r\na\r\n\r\n""\r\nb\r\n', ["only"], ["a"], [None], [""], ["b"]),
        "layouts/header without an end.csv": csv(["a", "b"], last_end=False),
        "layouts/quotes as data.csv": raw_csv(
            'a,b\nx""y, "z"\n\'q\',w"\n', ["a", "b"], ['x""y', ' "z"'], ["'q'", 'w"']
        ),
    }


def _json_files() -> dict[str, Made]:
    deep: Json = 1
    for _ in range(_DEPTH):
        deep = {"in": deep}
    return {
        "json/empty lines.ndjson": _raw('{"a": 1}\n\n\n{"a": 2}\r\n\n{"a": 3}', {"a": 1}, {"a": 2}, {"a": 3}),
        "json/printed.json": _raw('{\n  "a": 1,\n  "b": {"c": [1,\n    2]}\n}\n', {"a": 1, "b": {"c": [1, 2]}}),
        "json/printed array.json": _raw('\n[\n\t{\r\n"a":1}\n,\n{"a" :\t2 }\n]\n \n', {"a": 1}, {"a": 2}),
        "json/escapes.json": _raw(
            '[{"\\u0061\\/": "\\/\\b\\f\\n\\r\\t\\"\\\\ \\ud83d\\ude00\\u00E4"}, {"a/": ""}]',
            {"a/": '/\b\f\n\r\t"\\ 😀ä'},
            {"a/": ""},
        ),
        "json/number.json": _raw("42", 42),
        "json/truth.json": _raw("true\n", True),
        "json/lines of arrays.json": _raw("[1, 2]\n[]\n[3]\n", [1, 2], [], [3]),
        "json/empty object.json": _raw('[{"a": 1}, {}, {"b": "x"}]', {"a": 1}, {}, {"b": "x"}),
        "json/null among objects.json": _raw('[{"a": 1}, null]', {"a": 1}, None),
        "json/long integer.json": _raw(
            '[{"a": 0.5, "b": 1.5}, {"a": 9007199254740993, "b": 1E400}]',
            {"a": Decimal("0.5"), "b": Decimal("1.5")},
            {"a": 9007199254740993, "b": Decimal("1E400")},
        ),
        "json/late kinds.ndjson": _late(),
        "json/deep objects.json": _raw("[" + dumped(deep) + "]", deep),
        "json/sixteen.json": good(b"\xfe\xff" + '[{"ä": "😀"}]'.encode("utf-16-be"), json_table([{"ä": "😀"}])),
        "json/sixteen lines.ndjson": good(
            b"\xff\xfe" + '{"ä": 1}\n\n{"ä": 2}'.encode(UTF16), json_table([{"ä": 1}, {"ä": 2}])
        ),
    }


def _late() -> Made:
    """What agrees for a long time and disagrees at last, within an object too."""
    items: list[Json] = [{"n": row, "t": "a", "o": {"v": row}, "l": [row]} for row in range(2000)]
    items += [{"n": "1", "t": 1, "o": {"v": "1", "new": True}, "l": ["1"], "only here": Decimal("1.5")}]
    return _raw("".join(f"{dumped(item)}\n" for item in items), *items)


def _raw(text: str, *items: Json) -> Made:
    """JSON whose text no writer of ours would make."""
    return good(text.encode(), json_table(items))
