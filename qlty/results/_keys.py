"""Where a test stands in ``test_results``."""

from __future__ import annotations

import re

COLLECTION = "<collection>"
_REPEAT = re.compile(r"\[repeat \d+\]$")


def split_nodeid(nodeid: str) -> tuple[str, str]:
    """Split a node id into its class key and its test key.

    The class key ends at the last ``::`` before the parameters, so that parameter ids with ``::``
    stay whole and equal classes of two modules stay apart.

    >>> split_nodeid("tests/test_a.py::TestCart::test_add[a::b]")
    ('tests/test_a.py::TestCart', 'test_add[a::b]')
    >>> split_nodeid("app/[id]/test_a.py::test_b")
    ('app/[id]/test_a.py', 'test_b')
    >>> split_nodeid("tests/test_a.py")
    ('tests/test_a.py', '<collection>')
    """
    path, _, inside = nodeid.partition("::")
    if not inside:
        return nodeid, COLLECTION
    classes, _, _ = inside.partition("[")[0].rpartition("::")
    if not classes:
        return path, inside
    return f"{path}::{classes}", inside[len(classes) + 2 :]


def repeated_id(nodeid: str, number: int) -> str:
    """Return the node id of a test that runs under it for the second time, or a later one.

    Like a parameter, so that whoever takes tests with all their parameters for one takes these,
    too.

    >>> repeated_id("tests/test_a.py::test_add", 2)
    'tests/test_a.py::test_add[repeat 2]'
    """
    return nodeid if number == 1 else f"{nodeid}[repeat {number}]"


def without_repeat(nodeid: str) -> str:
    """Undo :func:`repeated_id`.

    >>> without_repeat("tests/test_a.py::test_add[1][repeat 2]")
    'tests/test_a.py::test_add[1]'
    """
    return _REPEAT.sub("", nodeid)


def collectors(nodeid: str) -> list[str]:
    """Return the node ids of all that was collected on the way to a test, folders first.

    >>> collectors("tests/test_a.py::TestCart::test_add[a/b::c]")
    ['tests', 'tests/test_a.py', 'tests/test_a.py::TestCart']
    """
    class_key, test_key = split_nodeid(nodeid)
    if test_key == COLLECTION:
        class_key = class_key.rpartition("/")[0]
    path, *classes = class_key.split("::")
    folders = path.split("/")
    found = ["/".join(folders[: n + 1]) for n in range(len(folders)) if path]
    return [*found, *("::".join((path, *classes[: n + 1])) for n in range(len(classes)))]
