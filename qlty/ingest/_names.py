"""Finding the files that were named: by themselves, by a pattern, or in a folder."""

from __future__ import annotations

import os
from glob import has_magic
from pathlib import Path
from typing import TYPE_CHECKING

from qlty.ingest._source import STDIN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: in a folder, what may be results; a file that was named is read whatever it is called
_SUFFIXES = (".xml", ".json", ".jsonl", ".junit", ".xml.gz", ".json.gz", ".jsonl.gz")


def names_of(arguments: Iterable[str]) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the files that are meant, each once, and what means none, with the reason."""
    found: dict[str, str] = {}
    missing: list[tuple[str, str]] = []
    for argument in arguments:
        names = list(_expanded(argument))
        for name in names:
            found.setdefault(name if name == STDIN else os.path.realpath(name), name)
        if not names:
            is_folder = argument and Path(argument).is_dir()
            why = "no file in it can hold results" if is_folder else "there is no such file"
            missing.append((argument, why))
    return list(found.values()), missing


def _expanded(argument: str) -> Iterator[str]:
    path = Path(argument)
    if argument == STDIN:
        yield argument
    elif "\0" in argument or not argument:
        return
    elif path.is_dir():
        yield from _in_folder(argument)
    elif path.exists() or path.is_symlink():
        yield argument  # a device or a broken link is refused when it is opened
    elif has_magic(argument):
        yield from _matching(path)


def _matching(pattern: Path) -> Iterator[str]:
    # pathlib's ** follows no links to folders, which lead in circles, and glob's does
    try:
        found = sorted(Path(pattern.anchor).glob(str(pattern.relative_to(pattern.anchor))))
    except (ValueError, NotImplementedError):  # pathlib's, for ** inside of a name
        return
    yield from (str(path) for path in found if path.is_file())


def _in_folder(folder: str) -> Iterator[str]:
    for path, folders, files in os.walk(folder):  # which follows no links to folders either
        folders.sort()
        for name in sorted(files):
            full = Path(path, name)
            if name.lower().endswith(_SUFFIXES) and not full.is_symlink():
                yield str(full)
