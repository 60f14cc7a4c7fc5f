"""Which of many patterns cover a test: the same as one by one, and found without trying them all."""

from __future__ import annotations

import time
from fnmatch import fnmatch, fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qlty.classes.integrations._pagerduty._patterns import Patterns
from qlty.classes.integrations._pagerduty._scope import test_of as without_parameters


def covering(patterns, nodeid, path=None):
    return [*Patterns(dict(enumerate(patterns))).covering(nodeid, path)]


@pytest.mark.parametrize(
    ("pattern", "nodeid", "covers"),
    [
        ("tests/shop", "tests/shop/test_a.py::t", True),
        ("./tests/shop/", "tests/shop/test_a.py::t", True),
        ("tests/shop", "tests/shopping/test_a.py::t", False),
        ("tests/shop/", "tests/shop", True),
        ("a.py::t", "a.py::t[1]", True),
        ("a.py::t[1]", "a.py::t[1]", True),
        ("a.py::t[1]", "a.py::t[2]", False),
        ("*::test_pa?", "a.py::test_pay[a]", True),
        ("a.py::TestX", "a.py::TestX::t", True),
    ],
)
def test_a_path_a_node_id_or_a_pattern_covers_what_is_below_it(pattern, nodeid, covers):
    assert covering([pattern], nodeid) == ([0] if covers else [])


def one_by_one(pattern, nodeid, path):
    pattern = pattern.removeprefix("./")
    whole = pattern.rstrip("/")
    if nodeid == whole or nodeid.startswith((f"{whole}/", f"{whole}::", f"{whole}[")):
        return True
    glob = pattern.replace("[", "[[]")
    names = (nodeid, without_parameters(nodeid))
    return any(fnmatchcase(name, glob) for name in names) or (
        path is not None and fnmatch(path, pattern)
    )


PIECES = st.sampled_from(["a", "b", "ab", "/", "::", "[", "]", ".py", "*", "?", "./", "[ab]", " "])
PATTERNS = st.lists(PIECES, max_size=7).map("".join)
NODEIDS = st.builds(
    "{}/{}.py::{}{}".format,
    *[st.sampled_from(["a", "b", "ab", "a/b"])] * 3,
    st.sampled_from(["", "[a]", "[a-b]", "[a::b]", "[a/b]", "[[]"]),
)


@given(patterns=st.lists(PATTERNS, max_size=12), nodeid=NODEIDS, with_path=st.booleans())
def test_looking_patterns_up_finds_what_trying_each_of_them_does(patterns, nodeid, with_path):
    path = nodeid.partition("::")[0] if with_path else None
    expected = [n for n, one in enumerate(patterns) if one_by_one(one, nodeid, path)]
    assert covering(patterns, nodeid, path) == expected


SHAPES = ["tests/area_{}/", "tests/area_{}/*.py", "tests/*/test_{}.py", "*_{}_*", "a.py::t[{}]"]


@pytest.mark.parametrize("shape", SHAPES)
def test_ten_thousand_patterns_cost_a_test_no_more_than_a_few_milliseconds(shape):
    patterns = Patterns({n: shape.format(n) for n in range(10_000)})
    [*patterns.covering("tests/area_9999/test_9999.py::test_9999_x[a]")]
    began = time.perf_counter()
    for n in range(100):
        [*patterns.covering(f"tests/area_{n}/test_{n}.py::test_{n}_x[a]", f"tests/area_{n}/a.py")]
    assert time.perf_counter() - began < 100 * 0.02
