"""The JSON and text files of the test data."""

from decimal import Decimal

from harness.mock_dice import Dice
from harness.mock_json import Form, json_file, json_table
from harness.mock_made import Made, good
from harness.mock_text import txt
from harness.truth import Json

DEPTH = 500


def json_files(dice: Dice) -> dict[str, Made]:
    """All JSON files by path."""
    return {
        "json/people.json": json_file(
            Form.ARRAY,
            {"id": 1, "name": "Zoë", "score": Decimal("1.5"), "active": True, "born": "1990-02-28"},
            {"id": 2, "name": None, "score": Decimal("2.25"), "active": False, "born": "not known"},
            {"id": 3, "name": 'O"Neil\\\n\t\u0001', "active": None, "born": "2000-01-01T00:00:00Z"},
            spread=True,
        ),
        "json/events.ndjson": json_file(Form.LINES, *_events(dice, 500)),
        "json/late key.jsonl": json_file(
            Form.LINES, *({"n": n} for n in range(300)), {"n": 300, "late": "last record"}
        ),
        "json/one object.json": json_file(Form.SINGLE, {"a": 1, "b": {"c": [1, 2, 3], "d": {"e": "deep"}}, "f": []}),
        "json/nested.json": json_file(
            Form.ARRAY,
            {"id": 1, "tags": ["a", "b"], "address": {"street": "Hauptstraße 1", "geo": {"lat": Decimal("52.52")}}},
            {"id": 2, "tags": [], "address": {"street": None, "zip": "01234"}},
            {"id": 3, "tags": None, "address": None},
            {"id": 4, "tags": [None, "c"], "address": {"geo": None}, "items": [{"sku": "007", "n": 1}, {"sku": "8"}]},
        ),
        "json/mixed kinds.json": json_file(
            Form.ARRAY,
            {"id": 1, "kind": 1, "nested": {"v": 1}, "list": [1, "1"], "either": {"a": 1}},
            {"id": 2, "kind": "1", "nested": {"v": "1"}, "list": [True], "either": [1]},
            {"id": 3, "kind": True, "nested": {"v": None}, "list": [], "either": "text"},
            {"id": 4, "kind": None, "nested": {}, "list": [None, Decimal("1.5")], "either": None},
            {"id": 5, "kind": "null", "nested": {"v": '{"a": 1}'}, "list": ["null"], "either": 7},
        ),
        "json/digits as text.json": json_file(
            Form.ARRAY, {"id": "1", "n": {"v": 1}}, {"id": 1, "n": {"v": "1"}}, {"id": "2", "n": {"v": None}}
        ),
        "json/big numbers.json": json_file(
            Form.LINES,
            {"int": 9223372036854775807, "beyond": 123456789012345678901, "float": 1, "exact": Decimal("0.1")},
            {
                "int": -9223372036854775808,
                "beyond": 1,
                "float": Decimal("1.5"),
                "exact": Decimal("0.12345678901234567890"),
            },
            {"int": 0, "beyond": -5, "float": Decimal("1E+2"), "exact": Decimal("1E+400")},
        ),
        "json/strings.json": json_file(
            Form.ARRAY,
            {"code": "007", "date": "2024-02-29", "number": "1", "empty": ""},
            {"code": "+49", "date": "29.02.2024", "number": "2.50", "empty": "null"},
            {"code": "1e400", "date": "", "number": "-0", "empty": "[]"},
        ),
        "json/escaped.json": json_file(
            Form.ARRAY, {"text": "äöü 😀 \ud7ff\0", "日本": "語"}, {"a/b": "\u2028"}, escaped=True
        ),
        "json/empty objects.json": json_file(Form.ARRAY, {"id": 1, "nothing": {}}, {"id": 2, "nothing": {}}),
        "json/no keys.json": json_file(Form.ARRAY, {}, {}),
        "json/empty array.json": json_file(Form.ARRAY),
        "json/values.json": json_file(Form.ARRAY, 1, 2, None, 4),
        "json/mixed values.json": json_file(Form.LINES, "1", 1, {"a": 1}, [1, 2], None, False),
        "json/one string.json": json_file(Form.SINGLE, "only a string"),
        "json/lists.ndjson": json_file(Form.LINES, [1, 2], [3]),
        "json/with mark.json": json_file(Form.ARRAY, {"ä": 1}, encoding="utf-8-sig"),
        "json/utf16.JSON": json_file(Form.LINES, {"ä": "ö"}, {"ä": "😀"}, encoding="utf-16-le"),
        "json/deep.json": _deep(),
    }


def _events(dice: Dice, count: int) -> list[Json]:
    return [
        {
            "id": number,
            "at": f"2024-05-{1 + dice.below(28):02}T12:00:00Z",
            "amount": Decimal(f"{dice.below(1000)}.{1 + dice.below(9)}"),
            "user": {"name": dice.pick(("Ann", "Bob", "Zoë")), "tags": ["x"] * dice.below(3)},
            "ok": dice.below(2) == 0,
        }
        for number in range(count)
    ]


def _deep() -> Made:
    """Lists within lists within an object, as deep as the contract asks for."""
    value: Json = 1
    for _ in range(DEPTH - 2):
        value = [value]
    text = '[{"id": 1, "deep": ' + "[" * (DEPTH - 2) + "1" + "]" * (DEPTH - 2) + "}]"
    return good(text.encode(), json_table([{"id": 1, "deep": value}]))


def txt_files() -> dict[str, Made]:
    """All text files by path."""
    return {
        "text/notes.txt": txt("first line\n  spaces kept  \n\n\ttab\r\nlone \r stays\nlast without end"),
        "text/odd lines.txt": txt("form\ffeed\nnext\u0085line\u2028separator\v\n\n\0nul\n"),
        "text/returns.txt": txt("two returns\r\r\n\r\nlast return\r"),
        "text/numbers.txt": txt("1\n2\n3\n"),
        "text/utf16.txt": txt("Zeile eins\r\nZeile zwei äöü 😀\r\n", "utf-16-be"),
        "same/data.txt": txt("the same name with another extension\n"),
        "README.TXT": txt("\ufeffmark\n", "utf-8-sig"),
    }
