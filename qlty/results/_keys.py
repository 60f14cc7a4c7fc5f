"""Where a test stands in ``test_results``."""

from __future__ import annotations

COLLECTION = "<collection>"


def split_nodeid(nodeid: str) -> tuple[str, str]:
    """Split a node id into its class key and its test key.

    The class key ends at the last ``::`` before the first ``[``, so that parameter ids with
    ``::`` stay whole and equal classes of two modules stay apart.

    >>> split_nodeid("tests/test_a.py::TestCart::test_add[a::b]")
    ('tests/test_a.py::TestCart', 'test_add[a::b]')
    >>> split_nodeid("tests/test_a.py")
    ('tests/test_a.py', '<collection>')
    """
    head, _, _ = nodeid.partition("[")
    class_key, separator, _ = head.rpartition("::")
    if not separator:
        return nodeid, COLLECTION
    return class_key, nodeid[len(class_key) + 2 :]
