"""Who has written a JUnit file, and what that says of names and repeats.

There is no standard. What is known of each writer is in ``docs/report.md``; here is only what
makes a difference.
"""

from __future__ import annotations

import re
from enum import Enum
from posixpath import basename
from typing import TYPE_CHECKING

from qlty.ingest._rows import Once, Row
from qlty.results import clean, shorten

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: characters of a name
NAME_LIMIT = 4_096


class Dialect(Enum):
    """Writers of which more is known than of the others."""

    #: an element without a verdict that is followed by another of its name is a failed attempt
    PYTEST = "pytest"
    #: elements of one name are attempts, and the best one counts; they are in no order
    GO = "go"
    #: elements of one name are attempts, in their order, and the last one counts
    GRADLE = "gradle"
    #: the host's name is that of a project, and tests of several have the same name
    PLAYWRIGHT = "playwright"
    OTHER = "other"


#: Gradle writes these in this order, as no other writer does
_GRADLE = ("name", "tests", "skipped", "failures", "errors", "timestamp", "hostname", "time")


def dialect_of(root: Mapping[str, str] | None, suite: Mapping[str, str]) -> Dialect:
    """Return who has written a suite.

    Args:
        root: attributes of ``testsuites``; ``None`` where the suite itself is the root.
        suite: attributes of ``testsuite``.
    """
    if root is None:
        return Dialect.GRADLE if tuple(suite) == _GRADLE else Dialect.OTHER
    if root.get("name") == "pytest tests" or suite.get("name") == "pytest":
        return Dialect.PYTEST
    if "id" in root and "hostname" in suite and "timestamp" in suite and "id" not in suite:
        return Dialect.PLAYWRIGHT
    return Dialect.OTHER


def group_of(suite: str, class_name: str, name: str) -> str:
    """Return where a test stands, of its suite and its class, without saying things twice.

    >>> group_of("com.acme.CartTest", "com.acme.CartTest", "adds")
    'com.acme.CartTest'
    >>> group_of("cart", "cart adds", "cart adds")
    'cart'
    >>> group_of("Shop", "com.acme.CartTest", "adds")
    'Shop::com.acme.CartTest'
    """
    if suite.startswith("/") or ":\\" in suite:  # of the machine that ran it
        suite = basename(suite.replace("\\", "/"))
    if class_name == name or (" " in class_name and name.endswith(class_name)):
        # jest-junit writes the whole title twice, mocha-junit-reporter swaps the two
        return suite or class_name
    if not suite or suite in class_name:
        return class_name or suite
    if not class_name or class_name in suite.replace("\\", "."):
        return suite
    return f"{suite}::{class_name}"


def pytest_group(class_name: str, file: str | None) -> str:
    """Return the node id of what holds a test, of pytest's dotted path.

    The file is told apart from its classes by the file's name where that is given, and is not
    another one, from which the test is inherited; else by the first name that begins with a
    capital letter, as those of classes do.

    >>> pytest_group("tests.test_a.TestCart", "tests/test_a.py")
    'tests/test_a.py::TestCart'
    >>> pytest_group("tests.test_a.TestCart.TestInner", None)
    'tests/test_a.py::TestCart::TestInner'
    """
    if file:
        file = file.replace("\\", "/")
        module = re.sub(r"\.[^./]*$", "", file).replace("/", ".")
        if f"{class_name}.".startswith(f"{module}."):
            return "::".join(filter(None, (file, *class_name[len(module) + 1 :].split("."))))
    parts = class_name.split(".")
    first = next((n for n, part in enumerate(parts) if n and part[:1].isupper()), len(parts))
    return "::".join((f"{'/'.join(parts[:first])}.py", *parts[first:]))


def name_of(text: str) -> str:
    """Return a name of a file, clean and in one line."""
    if not text.isprintable() or len(text) > NAME_LIMIT:
        text = clean(shorten(text, NAME_LIMIT)).replace("\r", "").replace("\n", " ")
    return text


def resolved(dialect: Dialect, rows: Sequence[Row]) -> list[Row]:
    """Return the results that several elements of one name are.

    Those that are not known to be attempts of one test stay apart.
    """
    if dialect is Dialect.PYTEST:
        return _of_pytest(rows)
    if dialect is Dialect.GO:
        order = ("failed", "error", "skipped", "passed")
        rows = sorted(rows, key=lambda row: order.index(row.outcome))
    return [_joined(rows)]


def _joined(rows: Sequence[Row]) -> Row:
    """Make earlier rows the earlier attempts of the last one."""
    *before, last = rows
    if before:
        last.more.earlier = [
            attempt for row in before for attempt in (*_earlier(row), _once(row))
        ] + last.more.earlier
    return last


def _earlier(row: Row) -> list[Once]:
    return row.detail.earlier if row.detail is not None else []


def _once(row: Row) -> Once:
    detail = row.detail
    if detail is None:
        return Once(row.outcome, None, row.seconds)
    return Once(row.outcome, detail.message, row.seconds, detail.phase)


def _of_pytest(rows: Sequence[Row]) -> list[Row]:
    found: list[Row] = []
    repeated: list[Row] = []
    for row in rows:
        if _is_teardown_of(found, repeated, row):
            found[-1].more.message = _both(found[-1], row)
            continue
        if row.outcome == "passed":
            repeated.append(row)
            continue
        found.append(_attempts(repeated, row))
        repeated = []
    if repeated:
        found.append(_attempts(repeated[:-1], repeated[-1]))
    return found


def _is_teardown_of(found: list[Row], repeated: list[Row], row: Row) -> bool:
    """Say whether an error is that of the teardown behind a call that failed, or passed."""
    is_teardown = row.detail is not None and row.detail.phase == "teardown"
    return is_teardown and bool(found) and not repeated and found[-1].outcome == "failed"


def _both(call: Row, teardown: Row) -> str:
    return "\n\n".join(filter(None, (call.more.message, teardown.more.message)))


def _attempts(repeated: Sequence[Row], last: Row) -> Row:
    """Make elements without a word what they were: failures that were repeated."""
    last.more.earlier = [Once("failed", None, row.seconds, "call") for row in repeated]
    return last
