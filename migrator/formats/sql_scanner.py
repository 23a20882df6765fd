"""Where statements of a dump begin and end, whatever they say."""

import re

from migrator.errors import ReasonCode, Refusal
from migrator.formats.sql_grammar import DOLLAR_QUOTE, Family, Grammar, mysql
from migrator.formats.sql_window import Window

_FIRST_COMMENT = re.compile(rb"--[^\n]*+(?:\n[ \t\r]*--[^\n]*+)*+|/\*(?!M?!).*?\*/|(?<!\S)#[^\n]*+", re.DOTALL)
_SAYS_MYSQL = re.compile(rb"mysql|mariadb", re.IGNORECASE)
_DELIMITER = re.compile(rb"DELIMITER[ \t]++([^\s]++)[^\n]*+", re.IGNORECASE)
_REST_OF_LINE = re.compile(rb"[^\n]*+")
_CONDITIONAL = re.compile(rb"/\*!\d*+")
_CONDITIONAL_WHOLE = re.compile(rb"/\*!.*?\*/", re.DOTALL)
# Bodies in which a `;` ends nothing: triggers of SQLite, functions of PostgreSQL with BEGIN ATOMIC.
_WITH_BODY = re.compile(
    rb"CREATE\s+(?:OR\s+REPLACE\s+)?(?:TEMP\s+|TEMPORARY\s+)?(?:TRIGGER|FUNCTION|PROCEDURE)\b", re.IGNORECASE
)
# PostgreSQL's rules hold statements in parentheses.
_WITH_LIST = re.compile(rb"CREATE\s+(?:OR\s+REPLACE\s+)?RULE\b", re.IGNORECASE)
_BODY_TOKEN = re.compile(
    rb"'(?:[^']++|'')*+'|\"[^\"]*+\"|--[^\n]*+|/\*.*?\*/|\$(\w*)\$.*?\$\1\$|\b(?P<word>BEGIN|CASE|END)\b",
    re.DOTALL | re.IGNORECASE,
)


class MysqlFoundError(Exception):
    """A dump that was read by the standard's rules turned out to be MySQL's or MariaDB's."""


class Scanner:
    """Walks over a dump's statements.

    `begin` finds the next statement, whose first byte is then `window.anchor`; `advance` goes on to the next byte that
    may matter; `finish` takes the rest of the statement. Reading rows in between may move `window.anchor` on.
    """

    def __init__(self, window: Window, grammar: Grammar) -> None:
        self.window = window
        self.grammar = grammar
        self.depth = 0
        self._opened: list[int] = []
        self._conditional = 0
        self._body_depth = 0
        self._body_seen = 0
        self._comment_seen = grammar.family is Family.MYSQL

    def begin(self) -> bool:
        """Go to the first byte of the next statement; False at the end of the dump."""
        window = self.window
        while True:
            window.anchor = window.pos
            self._skip()
            window.anchor = window.pos
            if not window.has(len(self.grammar.delimiter)) and window.pos == len(window.data):
                return False
            rest = window.data[window.pos : window.pos + len(self.grammar.delimiter)]
            if rest == self.grammar.delimiter:
                window.pos += len(rest)
            elif not self._take_delimiter():
                self.depth = self._conditional = self._body_depth = self._body_seen = 0
                return True

    def take_line(self) -> bytes:
        """The rest of the line, which is a psql command, without its end."""
        found = self.window.match(_REST_OF_LINE)
        self.window.pos = found.end()
        return found[0].rstrip()

    def advance(self) -> bytes:
        """Go over code to the next parenthesis, conditional comment or end of the statement, and say which it is.

        Returns:
            `(` or `)`, `/*` or `*/` of a conditional comment, or nothing where the statement ends.

        Raises:
            Refusal: `malformed-sql` for what is open at the end of the file, and for a stray `*/`.
            MysqlFoundError: A name in backticks in a dump that is not known to be MySQL's.
        """
        window = self.window
        while True:
            end = window.match(self.grammar.code).end()
            window.pos = end
            data = window.data
            if end == len(data) or data.startswith(self.grammar.delimiter, end):
                return b""
            first = data[end : end + 1]
            if first in b"()":
                return first
            if first == b"$" and self._skip_dollar_quoted():
                continue
            two = data[end : end + 2]
            if two == b"*/":
                if not self._conditional:
                    raise self.malformed("a comment is closed that was never opened", end)
                return two
            if two == b"/*" and self.grammar.family is Family.MYSQL and data[end + 2 : end + 3] == b"!":
                return two
            if first == b"`" and (self.grammar.family is Family.STANDARD or self.grammar.stops_at_names):
                raise MysqlFoundError
            if window.ended:
                raise self._open(first, two, end)
            # What opens here may be closed in what is not read yet.
            window.grow()

    def _skip_dollar_quoted(self) -> bool:
        """Go over a string in dollar quotes; False where its end is not read yet, or never comes."""
        window = self.window
        opening = DOLLAR_QUOTE.match(window.data, window.pos)
        end = window.data.find(opening[0], opening.end()) if opening else -1
        if opening is None or end < 0:
            return False
        window.pos = end + len(opening[0])
        return True

    def finish(self) -> bytes:
        """Go to the end of the statement and over its delimiter; its text from `window.anchor` on."""
        window = self.window
        while True:
            window.pos = window.match(self.grammar.flat).end()
            stop = self.advance()
            if stop == b"(":
                if not self.depth:
                    self._opened = [window.line(window.pos)]
                self.depth += 1
            elif stop == b")":
                self.depth -= 1
                if self.depth < 0:
                    raise self.malformed("a parenthesis is closed that was never opened", window.pos)
            elif stop == b"/*":
                self._conditional = window.line(window.pos)
                window.pos = window.match(_CONDITIONAL).end()
                continue
            elif stop == b"*/":
                self._conditional = 0
                window.pos += 1
            elif self._is_end():
                text = window.data[window.anchor : window.pos]
                if window.pos == len(window.data):
                    return text.rstrip()
                window.pos += len(self.grammar.delimiter)
                return text
            window.pos += 1

    def open_parenthesis(self, line: int) -> None:
        """Tell that a parenthesis was opened in `line` and left to `finish` to close."""
        self.depth = 1
        self._opened = [line]

    def take_end(self) -> None:
        """Go over the delimiter, where there is one."""
        if self.window.pos < len(self.window.data):
            self.window.pos += len(self.grammar.delimiter)

    def malformed(self, what: str, pos: int) -> Refusal:
        """The refusal for a fault at `pos`."""
        return malformed(what, self.window.line(pos))

    def _is_end(self) -> bool:
        """Whether the end that `advance` came to is the statement's."""
        window = self.window
        at_end = window.pos == len(window.data)
        if self._conditional:
            if at_end:
                raise malformed("the comment that opens here is never closed", self._conditional)
            return False
        text = window.data
        if self.depth:
            if not at_end and _WITH_LIST.match(text, window.anchor):
                return False
            raise malformed("the parenthesis that opens here is never closed", self._opened[0])
        if at_end or self.grammar.family is Family.MYSQL or not _WITH_BODY.match(text, window.anchor):
            return True
        return not self._in_body(text)

    def _in_body(self, text: bytes) -> bool:
        start = self.window.anchor + self._body_seen
        for found in _BODY_TOKEN.finditer(text, start, self.window.pos):
            word = (found["word"] or b"").upper()
            if word == b"END":
                self._body_depth = max(0, self._body_depth - 1)
            elif word == b"BEGIN" or (word == b"CASE" and self._body_depth):
                self._body_depth += 1
        self._body_seen = self.window.pos - self.window.anchor
        return self._body_depth > 0

    def _skip(self) -> None:
        """Go over blanks and comments; the first comment may say whose dump this is."""
        window = self.window
        while True:
            found = window.match(self.grammar.skip)
            if self.grammar.family is Family.STANDARD:
                self._look_for_mysql(found[0])
            window.pos = found.end()
            if not window.has(3):
                return self._skip_last()
            data = window.data
            if data.startswith(b"--", window.pos):
                # Two dashes begin no statement, so they are a comment here even without a blank behind them.
                window.pos = window.match(_REST_OF_LINE).end()
            elif data.startswith(b"/*", window.pos) and not self._is_conditional():
                if window.ended:
                    raise self.malformed("the comment that opens here is never closed", window.pos)
                window.grow()
            else:
                if not self._comment_seen and data.startswith(b"#", window.pos):
                    self._look_for_mysql(window.match(_REST_OF_LINE)[0])
                return None

    def _skip_last(self) -> None:
        """The last bytes of a dump: two dashes, or a comment that is opened and nothing more."""
        window = self.window
        rest = window.data[window.pos :]
        if rest.startswith(b"/*"):
            raise self.malformed("the comment that opens here is never closed", window.pos)
        if rest.startswith(b"--"):
            window.pos += len(rest)

    def _is_conditional(self) -> bool:
        return self.grammar.family is Family.MYSQL and self.window.data.startswith(b"/*!", self.window.pos)

    def _look_for_mysql(self, comments: bytes) -> None:
        if not self._comment_seen and (comment := _FIRST_COMMENT.search(comments)):
            self._comment_seen = True
            if _SAYS_MYSQL.search(comment[0]):
                raise MysqlFoundError
        if b"`" in comments and any(b"`" in conditional for conditional in _CONDITIONAL_WHOLE.findall(comments)):
            raise MysqlFoundError

    def _take_delimiter(self) -> bool:
        if self.grammar.family is not Family.MYSQL:
            return False
        window = self.window
        if window.data[window.pos : window.pos + 9].upper() != b"DELIMITER":
            return False
        window.match(_REST_OF_LINE)
        found = _DELIMITER.match(window.data, window.pos)
        if found is None:
            return False
        window.pos = found.end()
        self.grammar = mysql(found[1], self.grammar.stops_at_names)
        return True

    def _open(self, first: bytes, two: bytes, pos: int) -> Refusal:
        """The refusal for what `code` did not go over, because nothing closes it."""
        what = "comment" if two == b"/*" else "quoted name" if first in b'"`' else "string"
        return self.malformed(f"the {what} that opens here is never closed", pos)


def malformed(what: str, line: int) -> Refusal:
    """`malformed-sql`, told with the line."""
    return Refusal(ReasonCode.MALFORMED_SQL, f"line {line}: {what}")
