"""The columns that a CREATE TABLE names; nothing else of it matters here."""

import re

from migrator.formats.sql_grammar import BRACKETED_NAME, Family, Grammar, compiled, unquoted

# First words of a table's parts that are no columns, with what must follow where the word may also be a name.
_PARTS = rb"(?:PRIMARY{0}KEY|UNIQUE|CONSTRAINT|FOREIGN{0}KEY|CHECK|EXCLUDE{0}(?:USING\b|\()|PERIOD{0}FOR)(?![\w$])"
# Without a list of columns, `key` is one: a dump with backticks may be SQLite's.
_MYSQL_PARTS = rb"|(?:FULLTEXT|SPATIAL)(?![\w$])|(?:KEY|INDEX)(?![\w$]){0}(?:(?:{1}){0})?(?:USING{0}\w+{0})?\("
_UNKNOWN_PARTS = rb"(?:LIKE|SELECT|WITH)(?![\w$])"

_COMPUTED = re.compile(
    rb"'(?:[^']++|'')*+'|\"(?:[^\"]++|\"\")*+\"|--[^\n]*+|/\*.*?\*/|(?P<mark>\bAS\s*\(|[()])", re.DOTALL | re.IGNORECASE
)


def created_table(statement: bytes, grammar: Grammar) -> tuple[str, tuple[str, ...]] | None:
    """The table's name, and the columns that a row has values for where it names none itself.

    None where the statement is no CREATE TABLE that lists all of its columns.

    Args:
        statement: A whole statement, known to be closed everywhere.
        grammar: The rules that it is read by.
    """
    blank = rb"(?:" + _blanks(grammar) + rb"|/\*!\d*|\*/)*"
    head = compiled(
        rb"(?:/\*!\d*)?" + blank + rb"CREATE\b" + blank + rb"(?:OR" + blank + rb"REPLACE\b" + blank + rb")?"
        rb"(?:(?:GLOBAL|LOCAL|TEMPORARY|TEMP|UNLOGGED|FOREIGN)\b"
        + blank
        + rb")*TABLE\b"
        + blank
        + rb"(?:IF"
        + blank
        + rb"NOT"
        + blank
        + rb"EXISTS\b"
        + blank
        + rb")?(?P<name>"
        + dotted(grammar)
        + rb")"
        + blank
        + rb"\("
    ).match(statement)
    if head is None:
        return None
    parts, rest = _parts(statement, head.end(), grammar)
    if compiled(rb"\bINHERITS\b").search(rest):
        return None
    names: list[str] = []
    others = _PARTS.replace(b"{0}", blank) + (
        _MYSQL_PARTS.replace(b"{0}", blank).replace(b"{1}", grammar.name) if grammar.family is Family.MYSQL else b""
    )
    part_pattern = compiled(
        blank
        + rb"(?:(?P<unknown>"
        + _UNKNOWN_PARTS
        + rb")|(?P<other>"
        + others
        + rb")|(?P<name>"
        + grammar.name
        + rb"))?"
    )
    for part in parts:
        found = part_pattern.match(part)
        if found is None or found["unknown"] is not None:
            return None
        if found["name"] is not None and not (grammar.family is Family.STANDARD and _is_computed(part)):
            names.append(unquoted(found["name"]))
    return (table_name(head["name"], grammar), tuple(names)) if names else None


def _is_computed(part: bytes) -> bool:
    """Whether a column is computed from others, so that dumps of SQLite and PostgreSQL have no value for it.

    `AS IDENTITY` is none of these, nor is an `AS` inside of parentheses.
    """
    depth = 0
    for found in _COMPUTED.finditer(part):
        mark = found["mark"]
        if mark is None:
            continue
        if depth == 0 and len(mark) > 1:
            return True
        depth += -1 if mark == b")" else 1
    return False


def dotted(grammar: Grammar) -> bytes:
    """The pattern of a name with its schema."""
    name = rb"(?:" + grammar.name + rb")"
    return name + rb"(?:" + grammar.blank + rb"\." + grammar.blank + name + rb")*+"


def table_name(written: bytes, grammar: Grammar) -> str:
    """A name as written, schema included, without quotes and the blanks around its points."""
    return ".".join(unquoted(found[0]) for found in compiled(grammar.name).finditer(without_blanks(written, grammar)))


def column_names(written: bytes, grammar: Grammar) -> tuple[str, ...] | None:
    """The names between a column list's parentheses, or None where it is no list of names."""
    name = rb"(?:" + grammar.name + rb")"
    blank = grammar.blank
    if not compiled(blank + name + blank + rb"(?:," + blank + name + blank + rb")*+").fullmatch(written):
        return None
    return tuple(unquoted(found[0]) for found in compiled(grammar.name).finditer(without_blanks(written, grammar)))


def without_blanks(written: bytes, grammar: Grammar) -> bytes:
    """Names and points alone, so that no word of a comment is taken for a name."""
    kept = compiled(rb"(?P<name>" + grammar.name + rb")|(?P<mark>[.,])|" + _blanks(grammar))
    return b"".join(found["name"] or found["mark"] or b"" for found in kept.finditer(written))


def _blanks(grammar: Grammar) -> bytes:
    """The pattern of blanks and comments, at least one."""
    return rb"(?:" + grammar.blank[:-2] + rb"++)"


_DEEPER = {b"(": 1, b"[": 1, b")": -1, b"]": -1, b",": 0}


def _parts(statement: bytes, start: int, grammar: Grammar) -> tuple[list[bytes], bytes]:
    """What stands between the commas of a parenthesis that opens before `start`, and what stands after it."""
    # A name in brackets is told from an array, whose commas part no columns either.
    tokens = compiled(
        rb"|".join((grammar.string, BRACKETED_NAME, rb"(?P<mark>[][(),])", grammar.name, _blanks(grammar)))
    )
    depth = 1
    begin = start
    parts: list[bytes] = []
    for found in tokens.finditer(statement, start):
        mark = found["mark"]
        if mark is None:
            continue
        depth += _DEEPER[mark]
        if depth == 0 or (depth == 1 and mark == b","):
            parts.append(statement[begin : found.start()])
            begin = found.end()
        if depth == 0:
            break
    return parts, statement[begin:]
