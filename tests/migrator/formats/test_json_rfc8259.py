"""Every kind of text that RFC 8259 allows, forbids or leaves open, alone and among many plain records."""

import json
from unittest.mock import patch

import pytest

from migrator.errors import ReasonCode, Refusal
from migrator.formats import json as json_format
from migrator.formats import json_items, json_window
from tests.migrator.formats.json_texts import NOT_TEXT, OPEN, RIGHT, WRONG
from tests.migrator.formats.test_json import Memory, Recorder, agrees_with_oracle, convert, refused, truth_of

PLAIN = {'"': '"plain"', "[": "[1,2]", "{": '{"x":1}', "t": "true", "f": "false"}


@pytest.mark.parametrize("text", [*RIGHT, *(text for text, taken in OPEN if taken)])
def test_what_is_right_comes_back(text: str):
    assert truth_of(text) is not None
    agrees_with_oracle(text)


@pytest.mark.parametrize("text", [*WRONG, *(text for text, taken in OPEN if not taken)])
def test_what_is_wrong_is_refused(text: str):
    assert "column" in refused(text)


@pytest.mark.parametrize("text", [*RIGHT, *WRONG, *(text for text, _ in OPEN)])
def test_among_plain_records_it_is_the_same(text: str):
    # What stands in an array is seen better where it is the only value.
    inner = text.strip()
    if inner.startswith("[") and inner.endswith("]") and not inner.startswith(("[[", "[]")):
        inner = inner[1:-1]
    plain = PLAIN.get(inner[:1], "1.5")
    records = [f'{{"id":{number},"v":{plain},"s":"x"}}' for number in range(24)]
    records.insert(20, f'{{"id":20,"v":{inner},"s":"x"}}')
    with patch.multiple(json_window, BLOCK=128), patch.multiple(json_items, BLOCK=128):
        agrees_with_oracle("\n".join(records))
        agrees_with_oracle("[" + ",".join(records) + "]")


@pytest.mark.parametrize("data", NOT_TEXT)
def test_what_is_no_unicode_is_no_text(data: bytes):
    many = b"".join(b'{"v":"%d"}\n' % number for number in range(50))
    for whole in (data, many + b'{"v":' + data + b"}\n"):
        with patch.multiple(json_window, BLOCK=128), patch.multiple(json_items, BLOCK=128):
            with pytest.raises(Refusal) as caught:
                json_format.read(Memory(whole), Recorder())
            assert caught.value.code is ReasonCode.NOT_TEXT


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_no_part_of_the_text(encoding: str):
    items = [{"v": number, "s": "\u00e9\U0001f600"} for number in range(100)]
    assert convert(json.dumps(items, ensure_ascii=False).encode(encoding)).to_pylist() == items
    with pytest.raises(Refusal) as caught:
        json_format.read(Memory("".encode(encoding)), Recorder())
    assert caught.value.code is ReasonCode.EMPTY_FILE
