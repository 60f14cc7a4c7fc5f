"""Results say what failed in one line, as pytest's summary does, in every style and place."""

import json
import re

import pytest

KINDS = """
import unittest
import pytest

class AppError(Exception): pass

def test_chain():
    try: {}["id"]
    except KeyError as error: raise AppError("cannot load") from error
def test_fail_of_several_lines(): pytest.fail("cart is wrong\\nHint: see docs", pytrace=False)
def test_bare():
    ok = 0
    assert ok
def test_words(): assert [] == [1], "words\\nmore"
def test_no_message(): raise ValueError
def test_hidden():
    __tracebackhide__ = True
    raise ValueError("from a hidden frame")
@pytest.fixture
def broken(): raise RuntimeError("in a fixture")
def test_setup(broken): pass
class TestLegacy(unittest.TestCase):
    def test_equal(self): self.assertEqual(1, 2, "prices")
"""

LINES = {
    "test_chain": "AppError: cannot load",
    "test_fail_of_several_lines": "Failed: cart is wrong",
    "test_bare": "assert 0",
    "test_words": "AssertionError: words",
    "test_no_message": "ValueError",
    "test_hidden": "ValueError: from a hidden frame",
    "test_setup": "RuntimeError: in a fixture",
    "test_equal": "AssertionError: 1 != 2 : prices",
}

STYLES = ["--tb=long", "--tb=short", "--tb=line", "--tb=native", "--tb=no", "--full-trace", "-n2"]


def lines(ran):
    return {
        nodeid.rpartition("::")[2]: result["error"]
        for nodeid, result in ran.results.items()
        if result["status"] == "failed"
    }


@pytest.mark.parametrize("style", STYLES)
def test_every_style_gives_the_same_line_as_the_summary(project, style):
    project.write("test_kinds.py", KINDS)
    ran = project.pytest("--qlty", "-rfE", style, env={"COLUMNS": "200", "CI": ""})
    found = {name: line.replace("test_kinds.", "") for name, line in lines(ran).items()}
    assert found == LINES
    summary = ran.stdout.replace("test_kinds.AppError", "AppError")
    for name, line in LINES.items():
        assert re.search(rf"(?:FAILED|ERROR) \S+::{name} - {re.escape(line)}", summary)


TEXT_ONLY = """
import pytest
def test_fixture(nope): pass
@pytest.mark.xfail(strict=True, reason="bug 7")
def test_strict(): pass
def test_soft(request): request.node.soft = True
"""

SOFT = """
import pytest
@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    report = yield
    if report.when == "call" and getattr(item, "soft", False):
        report.outcome = "failed"
        report.longrepr = (
            "FAILURE: check 1 == 2\\ntest_text.py:5 in test_soft() -> check.equal(1, 2)\\n"
            "------------\\nFailed Checks: 1"
        )
    return report
"""


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_what_has_only_a_text_is_read(project, workers):
    project.write("conftest.py", SOFT)
    project.write("test_text.py", TEXT_ONLY)
    project.write("test_syntax.py", "def (\n")
    project.write(
        "shop.py", 'def price():\n    """\n    >>> price()\n    3\n    """\n    return 4\n'
    )
    ran = project.pytest("--qlty", "--doctest-modules", "--continue-on-collection-errors", *workers)
    assert lines(ran) == {
        "test_fixture": "fixture 'nope' not found",
        "test_strict": "[XPASS(strict)] bug 7",
        "test_soft": "check 1 == 2",
        "test_syntax.py": "SyntaxError: invalid syntax",
        "shop.price": "DocTestFailure: >>> price(): expected 3, got 4",
    }


def test_secrets_are_not_in_the_line(project):
    project.write("test_a.py", "def test_a(): raise ValueError('xoxb-1234567890-abcdefghij')\n")
    ran = project.pytest("--qlty")
    assert list(lines(ran).values()) == ["ValueError: ***"]
    assert "xoxb-1234567890" not in json.dumps(ran.results, default=str)
