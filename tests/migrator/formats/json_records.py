"""Records of one made-up form, and damage done to their text."""

import json
from random import Random
from typing import Any

_SIGNS = "abXY ,:{}[]09-\u00e9\u4e2d\U0001f600\x7f"
_ESCAPES = ["\\n", '\\"', "\\\\", "\\u0041", "\\/", "\\ud83d\\ude00", "\\t", "\\u0000", '\\\\\\"']
_ODD_NUMBERS = ["0", "-0", "-0.0", "0.0", "1e5", "1E+5", "1.5e-7", "0e0", "10", "9007199254740993", "1.50", "1e400"]
_DAMAGE = [
    *(
        "",
        "",
        ",",
        "}",
        "]",
        '"',
        "\\",
        "\n",
        "0",
        "-",
        ".",
        "{",
        "[",
        " ",
        "e",
        "null",
        "1",
        "+",
        "\t",
        "\0",
        "\u00e9",
    ),
    *(":", "n", '""', "\\u12", '\\"', "},{", "}\n{", "true", "[]", "{}", "\r", "\\ud800"),
]


class Form:
    """A form that records share: keys, kinds of values, spaces. The same dice make the same records."""

    def __init__(self, dice: Random) -> None:
        self._dice = dice
        self._comma = dice.choice([",", ", "])
        self._colon = dice.choice([":", ": "])
        self._nulls = dice.choice([0, 0, 0.05, 0.3])
        self._top = self._object("abcdefgh", 1, 5, 1)

    def record(self) -> str:
        """The next record."""
        return self._object_text(self._top)

    def _kind(self, depth: int) -> tuple[Any, ...]:
        chance = self._dice.random() * (0.6 if depth > 2 else 1)
        if chance < 0.12:
            return ("int",)
        if chance < 0.3:
            return ("float",)
        if chance < 0.5:
            return ("text", self._dice.random() < 0.3)
        if chance < 0.6:
            return ("bool",)
        if chance < 0.75:
            return ("list", self._kind(depth + 1), self._dice.randint(0, 3), self._dice.random() < 0.6)
        return self._object("abcde fg\u00e9h", 0, 4, depth + 1)

    def _object(self, names: str, fewest: int, most: int, depth: int) -> tuple[Any, ...]:
        chosen = self._dice.sample(names, self._dice.randint(fewest, most))
        return ("object", [(name, self._kind(depth)) for name in chosen], self._dice.random() < 0.2)

    def _text(self, kind: tuple[Any, ...]) -> str:
        dice = self._dice
        if dice.random() < self._nulls:
            return "null"
        match kind[0]:
            case "int":
                return str(dice.randint(-3, 2000)) if dice.random() < 0.97 else self._number()
            case "float":
                return self._number() if dice.random() < 0.2 else f"{dice.randint(0, 9999)}.{dice.randint(1, 99)}"
            case "text":
                return self._string(escapes=kind[1])
            case "bool":
                return dice.choice(["true", "false"])
            case "list":
                size = kind[2] if kind[3] else dice.randint(0, kind[2])
                return "[" + self._comma.join(self._text(kind[1]) for _ in range(size)) + "]"
        return self._object_text(kind)

    def _object_text(self, kind: tuple[Any, ...]) -> str:
        present = [pair for pair in kind[1] if not (kind[2] and self._dice.random() < 0.3)]
        members = [json.dumps(name, ensure_ascii=False) + self._colon + self._text(inner) for name, inner in present]
        return "{" + self._comma.join(members) + "}"

    def _number(self) -> str:
        chance = self._dice.random()
        if chance < 0.3:
            return repr(self._dice.uniform(-1e3, 1e3))
        if chance < 0.5:
            return repr(self._dice.random() * 10.0 ** self._dice.randint(-300, 300))
        return self._dice.choice(_ODD_NUMBERS)

    def _string(self, *, escapes: bool) -> str:
        text = "".join(self._dice.choice(_SIGNS) for _ in range(self._dice.randint(0, 6)))
        written = json.dumps(text, ensure_ascii=self._dice.random() < 0.3)[1:-1]
        if escapes and self._dice.random() < 0.4:
            written += self._dice.choice(_ESCAPES)
        return f'"{written}"'


def damaged(text: str, dice: Random) -> str:
    """The text with a few places changed, as often as not into what is still JSON."""
    for _ in range(dice.choice([1, 1, 1, 2, 3])):
        place = dice.randint(0, len(text))
        inserted = dice.choice([*_DAMAGE, text[max(0, place - 3) : place + 6]])
        text = text[:place] + inserted + text[place + dice.choice([0, 0, 1, 1, 2]) :]
    return text
