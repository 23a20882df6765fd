"""The csv files of the test data: typed and treacherous values, and names that break what is not careful."""

import unicodedata
from collections.abc import Iterator

from harness.mock_dice import Dice
from harness.mock_made import Made, good, table
from harness.mock_text import UTF16, Bare, Field, Quoted, csv, raw_csv
from harness.truth import Reading

BIG_ROWS = 25_000
_CITIES = ("Köln", "São Paulo", "北京", "Reykjavík", "Łódź", "Zürich", 'the "Big" Apple', "Bath, UK")


def csv_files(dice: Dice) -> dict[str, Made]:
    """All of them by path."""
    return {
        "customers.csv": _customers(),
        "orders/2024/orders.csv": _orders(dice, 400, zone="", end="\n"),
        "orders/2025/orders.csv": _orders(dice, 300, zone="Z", end="\r\n"),
        "big/measurements.csv": _measurements(dice),
        **_values(),
        **_layouts(),
        **_names(),
    }


def _customers() -> Made:
    return csv(
        ["id", "phone", "name", "balance", "since", "vip", "discount", "note"],
        ["007", "+4930123456", "Jürgen Müller", "12.50", "2024-02-29", "true", "0", None],
        ["042", "+15550100", "O'Brien, Siân", "-0.01", "1999-12-31", "false", "5", ""],
        ["100", "0049301234", "王小明", "1000000.00", "2000-01-01", "true", None, "VIP since 2000"],
        ["000", None, "🦊 Fox", "0.10", None, None, "-3", 'says "hi"'],
    )


def _orders(dice: Dice, count: int, zone: str, end: str) -> Made:
    """Every column of it may be typed."""
    start = dice.below(10**6)
    rows: list[list[Field]] = []
    for number in range(count):
        day = f"20{24 + dice.below(2)}-{1 + dice.below(12):02}-{1 + dice.below(28):02}"
        clock = f"{dice.below(24):02}:{dice.below(60):02}:{dice.below(60):02}"
        sign = "-" if dice.below(4) == 0 else ""
        price = f"{sign}{1 + dice.below(9999)}.{1 + dice.below(99):02}"
        quantity = None if dice.below(9) == 0 else str(dice.below(100))
        paid = dice.pick(("true", "false", None))
        rows.append([str(start + number), day, f"{day} {clock}{zone}", price, quantity, paid, dice.pick(_CITIES)])
    return csv(["order", "day", "placed_at", "price", "quantity", "paid", "city"], *rows, end=end)


def _measurements(dice: Dice) -> Made:
    """Several MiB; what the columns look like changes only long after any first block."""
    names = ["id", "measured_at", "sensor", "value", "count", "code", "remark", "place"]
    places = [f"{city}, {'somewhere along the river ' * 4}{number}" for number, city in enumerate(_CITIES[:6])]
    places = [place.replace(",", ";") for place in places]
    rows: list[tuple[str | None, ...]] = []
    for number in range(BIG_ROWS):
        chance = dice.below(10**9)
        clock = f"{chance % 24:02}:{chance % 60:02}:07.{chance % 10**6:06}"
        moment = f"2024-{1 + number // 2500:02}-{1 + number // 100 % 25:02}T{clock}"
        value = f"{chance // 1000}.{1 + chance % 9}"
        rows.append((str(number), moment, f"s-{chance % 50}", value, str(chance % 977), "12", None, places[chance % 6]))
    first = BIG_ROWS - 1500
    rows[first] = (*rows[first][:4], "n/a", *rows[first][5:])
    rows[first + 1] = (*rows[first + 1][:5], "012", *rows[first + 1][6:])
    rows[-1] = (*rows[-1][:6], "the only remark", rows[-1][7])
    lines = [",".join(names), *[",".join([field or "" for field in row]) for row in rows]]
    return good(("\n".join(lines) + "\n").encode(), table(Reading.WRITTEN, names, rows))


def _values() -> dict[str, Made]:
    return {
        "values/numbers.csv": csv(
            ["int", "limits", "twenty_digits", "decimal", "exact", "exponent", "huge", "zeros", "minus", "shapes"],
            ["1", "9223372036854775807", "12345678901234567890", "0.1", "0.1", "1e3", "1e400", "1", "-0", "0x10"],
            ["-2", "-9223372036854775808", "1", "0.12345678901234567890", "2.50", "2.5E-3", "1", "01", "1", "1_000"],
            ["0", "0", "-98765432109876543210", "100.25", "-7.125", "-1.5e+10", "NaN", "2", "-5", "1,000"],
            [None, "9007199254740993", None, "3.0", "1000000.0", "0.0", "Infinity", "3", "0", ".5"],
        ),
        "values/beyond.csv": csv(
            ["int64_and_one", "plus", "tiny", "many_digits", "spaces"],
            ["9223372036854775808", "+5", "4.9e-324", "3.14159265358979323846", " 1"],
            ["1", "5", "1e-400", "2.5", "2"],
            ["2", "-5", "0.5", "1.5", "3 "],
        ),
        "values/dates.csv": csv(
            ["day", "no_day", "moment", "micros", "zoned", "mixed_zone", "nanos", "clock", "german"],
            [
                *("2024-02-29", "2023-02-29", "2024-02-29 23:59:59", "2024-02-29T23:59:59.123456"),
                *(
                    "2024-03-31T02:30:00Z",
                    "2024-03-31T02:30:00Z",
                    "2024-02-29 23:59:59.123456789",
                    "24:00",
                    "29.02.2024",
                ),
            ],
            [
                *("1969-12-31", "2024-01-01", "1969-12-31T23:59:59", "1582-10-04 00:00:00.5"),
                *("2024-10-27 01:30:00.25Z", "2024-03-31T02:30:00", "2024-02-29 23:59:59", "23:59", "1.3.2024"),
            ],
            ["0001-01-01", "2024-12-31", "9999-12-31 23:59:59", "2024-06-30 12:00:00", None, None, None, None, None],
        ),
        "values/words.csv": csv(
            ["flag", "Flag", "na", "null", "nan", "mixed"],
            ["true", "True", "NA", "null", "nan", "1"],
            ["false", "FALSE", "N/A", "NULL", "NaN", "true"],
            [None, "true", "-", "None", "inf", "2024-01-01"],
        ),
        "values/empty fields.csv": csv(
            ["empty", "quoted", "both", "number"],
            [None, "", "", "1"],
            [None, "", None, None],
            [None, "", "x", Quoted("3")],
            [None, "", " ", "4"],
        ),
        "values/quotes and lines.csv": csv(
            ["id", "text"],
            ["1", 'two\nlines and a "quote"'],
            ["2", "carriage\r\nreturn, comma"],
            ["3", Bare('5" disk')],
            ["4", "\n"],
            ["5", '"'],
            ["6", "tab\there; and | a pipe"],
            ["7", Quoted("quoted for nothing")],
            last_end=False,
        ),
        "values/one column.csv": csv(["only"], ["a"], [None], ["b"], [""], [None], ["c"]),
        "values/empty lines.csv": raw_csv("a,b\n\n1,2\n\n\n3,4\n\n", ["a", "b"], ["1", "2"], ["3", "4"]),
        "values/nul\N{SYMBOL FOR NULL}.csv": csv(["text", "n"], ["nul \0 is a character", "1"], ["\u2028\u0085", "2"]),
    }


def _layouts() -> dict[str, Made]:
    rows: list[list[Field]] = [["1", "a,b", "0.5"], ["2", "c;d|e", "1.5"], ["3", None, None]]
    names = ["id", "text", "number"]
    return {
        "layouts/semicolon.csv": csv(names, *rows, delimiter=";"),
        "layouts/tab.csv": csv(names, *rows, delimiter="\t"),
        "layouts/pipe.csv": csv(names, *rows, delimiter="|"),
        "layouts/quoted delimiters.csv": raw_csv('"a,b,c";"d,e";f\n1;2;3\n', ["a,b,c", "d,e", "f"], ["1", "2", "3"]),
        "layouts/quoted behind a delimiter.csv": raw_csv('a;"b,c,d";e\n1;2;3\n', ["a", "b,c,d", "e"], ["1", "2", "3"]),
        "layouts/quote within a name.csv": raw_csv('a"x;y;z"b,c\n1;2;3\n', ['a"x', "y", 'z"b,c'], ["1", "2", "3"]),
        "layouts/tie of delimiters.csv": raw_csv("a,b;c\n1,2;3\n", ["a", "b;c"], ["1", "2;3"]),
        "layouts/carriage return.csv": csv(names, *rows, end="\r"),
        "layouts/UTF16.CSV": csv(["größe", "名前"], ["1", "山田 😀"], ["2", "ß"], encoding=UTF16),
        "layouts/utf16be.csv": csv(["a", "b"], ["ä", "1"], encoding="utf-16-be"),
        "layouts/byte order mark.csv": csv(["id", "name"], ["1", "\ufeffinside"], encoding="utf-8-sig"),
        "layouts/header only.csv": csv(["id", "name", "since"]),
        "layouts/repeated names.csv": csv(
            ["", "a", "a", "a_2", "a", "b", "column_1"], list("1234567"), list("abcdefg")
        ),
    }


def _names() -> dict[str, Made]:
    """A different row in each, so that no two of them can be taken for each other."""
    umlaut = "größe/Übergrößen ÄÖÜß.csv"
    paths = [
        "names/with spaces and (brackets).csv",
        "names/#1 50% + more & all=1?.csv",
        'names/it\'s "quoted".csv',
        "names/percent%20encoded%2Fname.csv",
        "names/plus+and space.csv",
        "names/bang!mark!.csv",
        "names/semi;colon, comma @ $ ^ [x] {y} `z`.csv",
        "names/already~2.csv",
        "names/two..dots...csv",
        "names/-r --force.csv",
        "names/*.csv",
        "names/MiXeD.Csv",
        "names/日本語/売上データ.csv",
        "names/العربية/بيانات.csv",
        "names/😀👩‍👩‍👧‍👦.csv",
        unicodedata.normalize("NFC", f"names/{umlaut}"),
        unicodedata.normalize("NFD", f"names/{umlaut}"),
        "names/Case.csv",
        "names/case.csv",
        "same/data.csv",
        "same/same/data.csv",
        f"names/{'long-' * 45}name.csv",
        f"names/{'/'.join(['深い' * 36] * 3)}/{'名前' * 25}.csv",
    ]
    return dict(_numbered(paths))


def _numbered(paths: list[str]) -> Iterator[tuple[str, Made]]:
    for number, path in enumerate(paths, start=1):
        yield path, csv(["number", "path"], [str(number), path])
