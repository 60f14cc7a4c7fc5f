"""Finding many literals in a long text, in a time that grows with the text alone."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: bytes of a sample; a literal of twice as many less one holds a whole one at any alignment
_SAMPLE = array("I").itemsize

_NEXT_LINE = r"\n[ \t]{0,40}(?:[E>|+][ \t]{1,40})?['\"]?"
#: where a terminal or a log cuts a word in two: colour codes, a new line with what begins it;
#: each way begins with a character, so that a text is searched for these three alone
_BREAK = re.compile(rf"\x1b\[[0-9;?]{{0,20}}[@-~]|\r{_NEXT_LINE}|{_NEXT_LINE}")
#: pprint writes 'abc'\n 'def'
_QUOTED_ENDS = tuple(quote + end for quote in "'\"" for end in "\x1b\r\n")


class Literals:
    """Literals to look for.

    A long text is not searched for each of them: a sample is taken of every four bytes of it, and
    only the literals whose own samples, at one of their four alignments, are all there are looked
    for.
    """

    def __init__(self, literals: Iterable[str]) -> None:
        self._by_sample: dict[int, list[tuple[frozenset[int], str]]] = {}
        known: set[int] = set()
        for literal in literals:
            raw = literal.encode("utf-8", "surrogatepass")
            for skipped in range(_SAMPLE):
                samples = _samples_of(raw[skipped:])
                known.update(samples)
                self._by_sample.setdefault(samples[-1], []).append((frozenset(samples), literal))
        self._known = frozenset(known)

    def candidates(self, text: str) -> list[str]:
        """Return those that may be in a text, and surely all that are, longest first."""
        samples = _samples_of(text.encode("utf-8", "surrogatepass"))
        there = self._known.intersection(samples)
        if not there:
            return []
        found = {
            literal
            for sample in there
            for needed, literal in self._by_sample.get(sample, ())
            if needed <= there
        }
        # a literal that holds another one must go as a whole
        return sorted(found, key=lambda one: (-len(one), one))

    def may_be_in(self, text: str) -> bool:
        """Say whether one of them may be in a text, whole or cut in two by a line end."""
        return bool(self.candidates(text)) or self._may_be_broken_in(text)

    def _may_be_broken_in(self, text: str) -> bool:
        joined = text
        for quoted in _QUOTED_ENDS:
            joined = joined.replace(quoted, quoted[1:])
        joined = _BREAK.sub("", joined)
        return len(joined) != len(text) and bool(self.candidates(joined))

    def replace(self, text: str, mask: str) -> str:
        """Replace every one of them."""
        for literal in self.candidates(text):
            text = text.replace(literal, mask)
        return text

    def replace_broken(self, text: str, mask: str) -> str:
        """Replace those that colour codes or line ends cut in two."""
        if not self._may_be_broken_in(text):
            return text
        joined, starts, lost = _join(text)
        spans = sorted(self._spans(joined))
        parts, done = [], 0
        for start, end in spans:
            begin, stop = _before(start, starts, lost), _before(end - 1, starts, lost) + 1
            if begin >= done:
                parts += [text[done:begin], mask]
                done = stop
        return "".join([*parts, text[done:]])

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        for literal in self.candidates(text):
            at = text.find(literal)
            while at >= 0:
                yield at, at + len(literal)
                at = text.find(literal, at + len(literal))


def _samples_of(raw: bytes) -> array[int]:
    return array("I", raw[: len(raw) - len(raw) % _SAMPLE])


def _join(text: str) -> tuple[str, list[int], list[int]]:
    """Return a text without its breaks, where its parts begin, and how much is lost before each."""
    parts, starts, lost = [], [0], [0]
    done = length = 0
    for found in _BREAK.finditer(text):
        begin = found.start()
        begin -= begin > done and text[begin - 1] in "'\""
        parts.append(text[done:begin])
        length += begin - done
        done = found.end()
        starts.append(length)
        lost.append(done - length)
    parts.append(text[done:])
    return "".join(parts), starts, lost if done else []


def _before(at: int, starts: list[int], lost: list[int]) -> int:
    return at + lost[bisect_right(starts, at) - 1]


class Pieces:
    """Beginnings and ends of literals, as they stand where a text was cut."""

    def __init__(self, literals: Iterable[str], shortest: int) -> None:
        self._size = shortest
        self._at: dict[str, list[tuple[str, int]]] = {}
        self._edges: dict[int, set[str]] = {}
        for literal in (one for one in literals if len(one) >= shortest):
            for edge in (literal[:shortest], literal[-shortest:]):
                raw = edge.encode("utf-8", "surrogatepass")
                for sample in (*_samples_of(raw), *_samples_of(raw[1:])):
                    self._edges.setdefault(sample, set()).add(edge)
            for at in range(len(literal) - shortest + 1):
                self._at.setdefault(literal[at : at + shortest], []).append((literal, at))
        self._samples = frozenset(self._edges)

    def replace(self, text: str, mask: str, cut: re.Pattern[str]) -> str:
        """Replace the longest piece at both sides of each place where the text was cut."""
        spans = self._spans(text, cut) if self.may_be_in(text) else []
        return _replaced(text, spans, mask) if spans else text

    def may_be_in(self, text: str) -> bool:
        """Say whether there may be any, wherever the text was cut."""
        raw = text.encode("utf-8", "surrogatepass")
        # every second byte begins a sample, so that there is one in the six bytes of any edge
        there = self._samples.intersection(chain(_samples_of(raw), _samples_of(raw[2:])))
        return any(edge in text for sample in there for edge in self._edges[sample])

    def _spans(self, text: str, cut: re.Pattern[str]) -> list[tuple[int, int]]:
        spans: list[tuple[int, int]] = []
        known, size = self._at, self._size
        edges = chain([(0, 0)], map(re.Match.span, cut.finditer(text)), [(len(text), len(text))])
        for start, end in edges:
            if text[start - size if start > size else 0 : start] in known and (
                head := self._head(text, start)
            ):
                spans.append((start - head, start))
            if text[end : end + size] in known and (tail := self._tail(text, end)):
                spans.append((end, end + tail))
        return spans

    def _head(self, text: str, end: int) -> int:
        """Return how long the longest beginning of a literal is that ends here."""
        found = 0
        for literal, at in self._at.get(text[max(end - self._size, 0) : end], ()):
            length = at + self._size
            if length <= end and text.startswith(literal[:length], end - length):
                found = max(found, length)
        return found

    def _tail(self, text: str, start: int) -> int:
        """Return how long the longest end of a literal is that begins here."""
        found = 0
        for literal, at in self._at.get(text[start : start + self._size], ()):
            if text.startswith(literal[at:], start):
                found = max(found, len(literal) - at)
        return found


def _replaced(text: str, spans: list[tuple[int, int]], mask: str) -> str:
    parts, done = [], 0
    for start, end in sorted(spans):
        if start >= done:  # else it overlaps with the one before
            parts += [text[done:start], mask]
        done = max(done, end)
    return "".join([*parts, text[done:]])
