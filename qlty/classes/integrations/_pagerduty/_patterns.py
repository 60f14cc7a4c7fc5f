"""Many paths, node ids and patterns, asked once per test: looked up, not tried one by one."""

from __future__ import annotations

import re
from collections import defaultdict
from fnmatch import translate
from functools import cached_property
from typing import TYPE_CHECKING

from qlty.classes.integrations._pagerduty._scope import test_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

#: where a node id may be cut so that the front names a folder, a file, a class or a test
_BOUNDARY = re.compile(r"(?=/|::|\[)")
_MAGIC = re.compile(r"[*?\[\]]")


class _Glob:
    """One pattern, compiled when something may match it."""

    def __init__(self, number: int, pattern: str) -> None:
        self.number = number
        self._pattern = pattern

    def matches(self, names: Iterable[str], path: str | None) -> bool:
        return any(map(self._of_names.match, names)) or bool(
            path is not None and self._of_paths.match(path)
        )

    @cached_property
    def _of_names(self) -> re.Pattern[str]:
        # the brackets of parameters are no set of characters
        return re.compile(translate(self._pattern.replace("[", "[[]")))

    @cached_property
    def _of_paths(self) -> re.Pattern[str]:
        return re.compile(translate(self._pattern))


class Patterns:
    """Says which of many patterns cover a test.

    A path covers all that is below it, a test all of its parameters; ``*`` and ``?`` match any
    characters. What a pattern begins or ends with decides whether it is looked at at all.
    """

    def __init__(self, patterns: Mapping[int, str]) -> None:
        self._patterns = {number: text.removeprefix("./") for number, text in patterns.items()}
        self._whole: dict[str, list[int]] = defaultdict(list)
        self._by_front: dict[int, dict[str, list[_Glob]]] = defaultdict(lambda: defaultdict(list))
        self._by_end: dict[int, dict[str, list[_Glob]]] = defaultdict(lambda: defaultdict(list))
        self._others: list[tuple[str, _Glob]] = []
        for number, pattern in self._patterns.items():
            self._whole[pattern.rstrip("/")].append(number)
            if _MAGIC.search(pattern):
                self._add_glob(_Glob(number, pattern), pattern)

    def _add_glob(self, glob: _Glob, pattern: str) -> None:
        parts = _MAGIC.split(pattern)
        front, end = parts[0], parts[-1]
        if front and len(front) >= len(end):
            self._by_front[len(front)][front].append(glob)
        elif end:
            self._by_end[len(end)][end].append(glob)
        else:
            # what stands between brackets need not stand in a path
            inside = "" if "[" in pattern else max(parts, key=len)
            self._others.append((inside, glob))

    def covering(self, nodeid: str, path: str | None = None) -> Iterator[int]:
        """Yield the numbers of those that cover a test, or, where it is given, its path."""
        whole = {number for front in _fronts(nodeid) for number in self._whole.get(front, ())}
        names = {nodeid, test_of(nodeid)}
        looked_at = names if path is None else {*names, path}
        globs = {glob.number: glob for glob in self._candidates(looked_at)}
        for number in sorted(whole | globs.keys()):
            if number in whole or globs[number].matches(names, path):
                yield number

    def _candidates(self, names: set[str]) -> Iterator[_Glob]:
        for name in names:
            for length, fronts in self._by_front.items():
                yield from fronts.get(name[:length], ())
            for length, ends in self._by_end.items():
                yield from ends.get(name[-length:], ())
        together = "\0".join(names)
        yield from (glob for inside, glob in self._others if inside in together)


def _fronts(nodeid: str) -> Iterator[str]:
    yield nodeid
    for boundary in _BOUNDARY.finditer(nodeid):
        yield nodeid[: boundary.start()]
