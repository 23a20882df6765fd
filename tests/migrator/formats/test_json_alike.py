"""Records that are written alike: what is taken is what the exact parser gives, and nothing that it refuses."""

import json
from collections.abc import Iterator
from random import Random
from unittest.mock import patch

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.formats import json_spans
from migrator.formats.json_alike import parse_alike
from migrator.formats.json_build import batches
from migrator.formats.json_fast import can_parse
from migrator.formats.json_shape import Items, Layout
from migrator.formats.json_values import Fault, read_value, skip_space
from tests.migrator.formats.json_records import Form, damaged

MANY = 1 << 30


@pytest.fixture(autouse=True, scope="module")
def any_number_of_escapes() -> Iterator[None]:
    """Blocks of many escapes are left to others because that is faster; here they shall be read."""
    with patch.object(json_spans, "BYTES_AN_ESCAPE", 0):
        yield


def exact(text: str, *, commas: bool) -> list[object] | None:
    """The records as the exact parser reads them, None where it refuses them."""
    parts = [f"[{text}]"] if commas else [line for line in text.split("\n") if line.strip(" \t\r")]
    found = []
    try:
        for part in parts:
            value, end = read_value(part, skip_space(part, 0), final=True, treacherous=True)
            if skip_space(part, end) < len(part):
                return None
            found.append(value)
    except Fault:
        return None
    return list(found[0]) if commas else found


def layout_of(items: list[object]) -> Layout:
    seen = Items()
    seen.observe(items)
    return seen.layout()


def alike(records: list[str], *, commas: bool = False, between: str = "", most: int = MANY) -> pa.Table | None:
    text = (between or ("," if commas else "\n")).join(records)
    return parse_alike(text.encode(), layout_of([json.loads(record) for record in records]).schema, most, commas=commas)


def holds(text: str, layout: Layout, learnt: list[object], *, commas: bool) -> bool:
    """Hold what is taken of a text against the exact parser; whether it was taken."""
    rows = parse_alike(text.encode(), layout.schema, MANY, commas=commas)
    if rows is None:
        return False
    rows.validate(full=True)
    items = exact(text, commas=commas)
    assert items is not None
    assert layout_of([*learnt, *items]) == layout
    assert rows.equals(pa.Table.from_batches(list(batches(items, layout)), layout.schema))
    return True


@settings(max_examples=150, deadline=None)
@given(st.randoms(use_true_random=False), st.sampled_from(["\n", "\r\n", ",", ", ", ",\n  "]))
def test_what_is_taken_is_what_the_exact_parser_gives(dice: Random, between: str):
    form = Form(dice)
    records = [form.record() for _ in range(dice.randint(1, 12))]
    items = [read_value(record, 0, final=True, treacherous=True)[0] for record in records]
    layout = layout_of(items)
    if not layout.by_member or not can_parse(layout.schema):
        return
    commas = "," in between
    text = between.join(records)
    holds(text, layout, items, commas=commas)
    for _ in range(6):
        changed = damaged(text, dice).strip(" \t\r\n")
        if changed:
            holds(changed, layout, items, commas=commas)


ALIKE = [
    ['{"a":1}', '{"a":22}', '{"a":-333}'],
    ['{"a":1,"b":"x"}', '{"a":null,"b":""}', '{"a":9223372036854775807,"b":"},{"}'],
    ['{"a":1.5}', '{"a":2}', '{"a":1e5}', '{"a":0.1}'],
    ['{"a": true, "b": [1, 2.5]}', '{"a": false, "b": []}', '{"a": null, "b": null}'],
    ['{"a":{"b":{"c":"x"},"d":[{"e":1,"f":"y"}]}}', '{"a":{"b":{"c":"z"},"d":[{"e":2,"f":"w"}]}}'],
    ['{"a":["x","y"],"b":1}', '{"a":["z","w"],"b":2}'],
    ['{"a":[[1,2],[3]],"b":"x"}', '{"a":[],"b":"y"}', '{"a":[[]],"b":"z"}', '{"a":null,"b":""}'],
    ['{"a":"\\n\\u00e9"}', '{"a":"\\"\\\\"}', '{"a":"\\ud83d\\ude00"}', '{"a":"plain"}'],
    ['{"a":"x"}', '{"a":null}'],
    ['{"a":"x","b":{"c":1}}', '{"b":{"c":2}}', '{"a":"x","b":{}}', '{"a":null,"b":null}'],
    ['{"a":["x"],"b":1}', '{"a":["x","y"],"b":1}', '{"a":["x",null,"y"],"b":1}'],
    ['{"a":[{"b":"x"},{"c":"y"}]}', '{"a":[{"b":"z"},{"c":"w"}]}'],
]


@pytest.mark.parametrize("records", ALIKE)
@pytest.mark.parametrize("between", ["\n", "\r\n", ",", ",\n  "])
def test_plain_records_are_taken(records: list[str], between: str):
    many = records * 40
    items = [json.loads(record) for record in many]
    assert holds(between.join(many), layout_of(items), items, commas="," in between)


def test_records_over_several_lines_are_taken_in_an_array_only():
    text = json.dumps([{"a": number, "b": {"c": ["x", "y"]}} for number in range(50)], indent=2)[1:-1].strip()
    items = json.loads(f"[{text}]")
    assert holds(text, layout_of(items), items, commas=True)
    assert parse_alike(text.replace("},\n  {", "}\n{").encode(), layout_of(items).schema, MANY, commas=False) is None


@pytest.mark.parametrize(
    "wrong",
    [
        '{"a":01,"b":"x"}',
        '{"a":1.,"b":"x"}',
        '{"a":.5,"b":"x"}',
        '{"a":1.e5,"b":"x"}',
        '{"a":+1,"b":"x"}',
        '{"a":-,"b":"x"}',
        '{"a":,"b":"x"}',
        '{"a": 1,"b":"x"}',
        '{"a":0x1,"b":"x"}',
        '{"a":NaN,"b":"x"}',
        '{"a":inf,"b":"x"}',
        '{"a":nul,"b":"x"}',
        '{"a":1 2,"b":"x"}',
        '{"a":-0.0,"b":"x"}',
        '{"a":1.00000000000000000001,"b":"x"}',
        '{"a":1,"b":"\t"}',
        '{"a":1,"b":"\0"}',
        '{"a":1,"b":"\\x"}',
        '{"a":1,"b":"\\ud800"}',
        '{"a":1,"b":"\\udc00\\ud800"}',
        '{"a":1,"b":"x"},',
        '{"a":1,"b":"x"}{"a":1,"b":"x"}',
        '{"a":1,"a":"x"}',
        '{"a":1,"b":"x","b":"x"}',
        '{"a":1,"c":"x"}',
        '{"a":"1","b":"x"}',
        '{"a":1,"b":2}',
        '{"a":1,"b":"x"',
        '"a":1,"b":"x"}',
        "[1]",
        "",
    ],
)
@pytest.mark.parametrize("place", [0, 20, 40])
@pytest.mark.parametrize("commas", [True, False])
def test_one_wrong_record_among_many_is_not_taken(wrong: str, place: int, *, commas: bool):
    schema = pa.schema([("a", pa.float64()), ("b", pa.string())])
    records = [f'{{"a":{number}.5,"b":"x"}}' for number in range(40)]
    assert parse_alike((",", "\n")[not commas].join(records).encode(), schema, MANY, commas=commas) is not None
    records.insert(place, wrong)
    text = (",", "\n")[not commas].join(records)
    taken = parse_alike(text.encode(), schema, MANY, commas=commas)
    # A blank before a value and a doubled line are right JSON; what the exact parser gives is then wanted.
    assert taken is None or taken.to_pylist() == exact(text, commas=commas)


def test_more_rows_than_wanted_are_not_taken():
    records = ['{"a":1}', '{"a":2}', '{"a":3}']
    assert alike(records, most=3) is not None
    assert alike(records, most=2) is None


def test_too_many_forms_are_left_to_others():
    records = [json.dumps({f"k{number}": "x" for number in range(count)}) for count in range(1, 40)]
    assert alike(records) is None


def test_many_escapes_are_left_to_others_and_few_are_not(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(json_spans, "BYTES_AN_ESCAPE", 64)
    records = [json.dumps({"a": "x" * 30, "b": number}) for number in range(40)]
    assert alike([*records, '{"a": "\\n", "b": 1}']) is not None
    assert alike([*records, json.dumps({"a": "\n" * 40, "b": 1})]) is None
