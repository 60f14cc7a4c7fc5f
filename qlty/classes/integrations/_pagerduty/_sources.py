"""What the text of a file says that cannot be imported: its markers are not known otherwise."""

from __future__ import annotations

import ast
import re
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from qlty.classes.integrations._pagerduty._marker import FIXTURE, MARKER

if TYPE_CHECKING:
    from collections.abc import Iterator

#: files of a folder, whose own conftest cannot be imported, that are read
_MOST_FILES = 500

_CALL = re.compile(rf"{MARKER}\(\s*(?:service_id\s*=\s*)?['\"](\w+)['\"]")


def texts_that_ask(root: Path, nodeid: str, *, marker_is_enough: bool) -> list[str]:
    """Return the texts that ask for incidents, of a file or of the files of a folder."""
    path = root / nodeid.partition("::")[0]
    texts = map(_read, _files(root, path))
    return [text for text in texts if MARKER in text and (marker_is_enough or FIXTURE in text)]


def _files(root: Path, path: Path) -> list[Path]:
    """Return the files to read: never all of the project, with its virtual environments."""
    try:
        if not path.is_dir():
            return [path]
        return [] if path == root else sorted(islice(path.rglob("*.py"), _MOST_FILES))
    except (OSError, ValueError):
        return []


def services_in(text: str) -> list[str | None]:
    """Return the services that the markers of a text name; ``None`` for one that names none."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return list(dict.fromkeys(_CALL.findall(text))) or [None]
    constants = dict(_constants(tree))
    found = [_service(node, constants) for node in ast.walk(tree) if _is_marker(node)]
    return list(dict.fromkeys(found)) or [None]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def _constants(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            for target in node.targets:
                if isinstance(target, ast.Name) and isinstance(node.value.value, str):
                    yield target.id, node.value.value


def _is_marker(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == MARKER
    )


def _service(node: ast.AST, constants: dict[str, str]) -> str | None:
    assert isinstance(node, ast.Call)
    named = [keyword.value for keyword in node.keywords if keyword.arg == "service_id"]
    for value in [*named, *node.args[:1]]:
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            return value.value
        if isinstance(value, ast.Name):
            return constants.get(value.id)
    return None
