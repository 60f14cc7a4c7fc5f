"""The one line that says what failed, and which failures are one problem."""

from __future__ import annotations

import doctest
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qlty.results import Failure, _error_line, error_line, read_error_line, read_failure

GROUP = """\
  + Exception Group Traceback (most recent call last):
  |   File "/app/test_a.py", line 2, in test_group
  |     raise ExceptionGroup("two things", [ValueError("price"), KeyError("sku")])
  | ExceptionGroup: two things (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | ValueError: price
    +---------------- 2 ----------------
    | KeyError: 'sku'
    +------------------------------------"""

NESTED = """\
  + Exception Group Traceback (most recent call last):
  |   File "/app/test_a.py", line 3, in test_leaf
  | ExceptionGroup: a (1 sub-exception)
  +-+---------------- 1 ----------------
    | ExceptionGroup: b (1 sub-exception)
    +-+---------------- 1 ----------------
      | Traceback (most recent call last):
      |   File "/app/shop.py", line 7, in price
      | KeyError: 'sku'
      +------------------------------------"""

CHAIN = """\
    def load(what):
>       try: {}["id"]
E       KeyError: 'id'

test_a.py:5: KeyError

The above exception was the direct cause of the following exception:

    def test_orders():
>       load("orders")
E       shop.AppError: cannot load the orders

test_a.py:9: AppError"""

NATIVE_CHAIN = """\
Traceback (most recent call last):
  File "/app/a.py", line 1, in load
KeyError: 'id'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/app/a.py", line 3, in test
    load("orders")
    ^^^^^^^^^^^^^^
  [Previous line repeated 990 more times]
shop.AppError: cannot load the orders
E   no line of pytest
see the docs"""

DOCTEST = """\
001
002     >>> price()
Expected:
    3
Got:
    4

/app/mod.py:3: DocTestFailure"""

UNEXPECTED = """\
007
008     >>> int('x')
UNEXPECTED EXCEPTION: ValueError("invalid literal")
Traceback (most recent call last):
  File "/usr/lib/python3.11/doctest.py", line 1353, in __run
  File "<doctest mod.b[0]>", line 1, in <module>
ValueError: invalid literal
/app/mod.py:8: UnexpectedException"""

SYNTAX = """\
/usr/lib/python3.11/ast.py:50: in parse
    return compile(source, filename, mode, flags,
E     File "/app/test_syn.py", line 1
E       def (
E           ^
E   SyntaxError: invalid syntax"""

FIXTURE = """\
file /app/test_a.py, line 13
  def test_fix(nope): pass
E       fixture 'nope' not found
>       available fixtures: cache, capfd
>       use 'pytest --fixtures [testpath]' for help on them.

/app/test_a.py:13"""

CHECKS = """\
FAILURE: check 1 == 2: prices differ
test_a.py:19 in test_check() -> check.equal(1, 2, "prices differ")

FAILURE: check a == b
------------------------------------------------------------
Failed Checks: 2"""

ASSUMPTIONS = """\
E       pytest_assume.plugin.FailedAssumption:
E       2 Failed Assumptions:
E
E       test_a.py:16: AssumptionFailure
E       >>\tpytest.assume(a == b, "names differ")
E       AssertionError: names differ
E       assert False
E
E       test_a.py:17: AssumptionFailure
E       >>\tpytest.assume(c)
E       AssertionError: assert False"""

JAVA = """\
Exception in thread "main" java.lang.IllegalStateException: no price
for SKU 7
\tat shop.Cart.total(Cart.java:7)
Caused by: java.sql.SQLException: refused
\tat shop.Db.open(Db.java:3)
\t... 12 more"""

NODE = """\
/app/cart.js:3
  throw new TypeError('no price')
  ^

TypeError: no price
    at total (/app/cart.js:3:9)
    at run (x.js:1:1)"""

GO_PANIC = """\
panic: runtime error: index out of range [5] with length 3 [recovered]
\tpanic: runtime error: index out of range [5] with length 3

goroutine 7 [running]:
testing.tRunner.func1.2({0x52, 0x1})
\t/usr/local/go/src/testing/testing.go:1545 +0x238"""

TESTIFY = """\
=== RUN   TestCart
    cart_test.go:12:
        \tError Trace:\t/app/cart_test.go:12
        \tError:      \tNot equal:
        \t            \texpected: 3
        \t            \tactual  : 2
        \tTest:       \tTestCart
--- FAIL: TestCart (0.00s)"""

TABLE = {
    "pytest's own lines": (">  assert a == b\nE   assert 1 == 2\nE    +  where 1 = f()\n\na.py:3: AssertionError", "assert 1 == 2"),
    "--tb=line": ("E   AssertionError: x is 1\n    assert 1 > 10", "AssertionError: x is 1"),
    "a line for a terminal": ("a.py:3: ZeroDivisionError: division by zero", "ZeroDivisionError: division by zero"),
    "frames without a source": ("Traceback (most recent call last):\n  File \"a.py\"\nKeyError: 'x'", "KeyError: 'x'"),
    "a group": (GROUP, "ExceptionGroup: two things (2 sub-exceptions)"),
    "the only exception of nested groups": (NESTED, "KeyError: 'sku'"),
    "a cause": (CHAIN, "shop.AppError: cannot load the orders"),
    "a context in Python's own form": (NATIVE_CHAIN, "shop.AppError: cannot load the orders"),
    "several lines without a traceback": ("cart total is wrong\nHint: see docs", "cart total is wrong"),
    "a doctest": (DOCTEST, "DocTestFailure: >>> price(): expected 3, got 4"),
    "a doctest that printed nothing": (DOCTEST.replace("Got:\n    4", "Got nothing"), "DocTestFailure: >>> price(): expected 3, got nothing"),
    "a doctest's exception": (UNEXPECTED, "ValueError: invalid literal"),
    "a file that is no Python": (SYNTAX, "SyntaxError: invalid syntax"),
    "a fixture that is not there": (FIXTURE, "fixture 'nope' not found"),
    "checks": (CHECKS, "check 1 == 2: prices differ"),
    "assumptions": (ASSUMPTIONS, 'FailedAssumption: pytest.assume(a == b, "names differ"): names differ'),
    "a strict xpass": ("[XPASS(strict)] bug 7", "[XPASS(strict)] bug 7"),
    "a crashed worker": ("worker 'gw0' crashed while running 'a.py::t'", "worker 'gw0' crashed while running 'a.py::t'"),
    "words on the second line": ("E   shop.Refused:\nE   no credit\n\na.py:3: Refused", "shop.Refused: no credit"),
    "no message": ("E   ValueError\n\na.py:3: ValueError", "ValueError"),
    "Java": (JAVA, "java.lang.IllegalStateException: no price"),
    "JavaScript": ("Error: no price\n\nexpected 3\n    at total (cart.js:7:3)", "Error: no price"),
    "Node": (NODE, "TypeError: no price"),
    ".NET": ("System.InvalidOperationException : no price\n   at Shop.Cart.Total() in /app/Cart.cs:line 7", "System.InvalidOperationException : no price"),
    "a panic of Go": (GO_PANIC, "panic: runtime error: index out of range [5] with length 3"),
    "a test of Go": ("=== RUN   TestCart\n    cart_test.go:12: got 3, want 2\n--- FAIL: TestCart (0.00s)", "got 3, want 2"),
    "testify": (TESTIFY, "Not equal: expected: 3 actual : 2"),
    "Rust": ("thread 'cart::total' panicked at src/cart.rs:7:9:\nno price", "thread 'cart::total' panicked at src/cart.rs:7:9: no price"),
    "nothing": ("", ""),
}  # fmt: skip


@pytest.mark.parametrize("kind", TABLE)
def test_the_line_is_that_of_the_exception_that_ended_the_test(kind):
    text, line = TABLE[kind]
    assert read_error_line(text) == line


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("ValueError: no\nmore words", "ValueError: no"),
        ("ValueError", "ValueError"),
        ('  File "a.py", line 1\n    def (\n        ^\nSyntaxError: no', "SyntaxError: no"),
        ("Failed: \n\n  second line\nlast", "Failed: second line"),
        ("shop.Refused: \nno credit", "shop.Refused: no credit"),
        ("\x1b[31mValueError: red\x1b[0m", "ValueError: red"),
        ("E" * 400, "E" * 299 + "…"),
    ],
)
def test_of_all_that_an_exception_says_its_own_line_is_taken(said, line):
    assert error_line(said) == line


def test_the_excerpt_is_of_the_exception_that_is_known():
    joined = f"{CHAIN}\n\nE   OSError: closed\n\ntest_a.py:1: OSError"
    assert read_failure(joined, "shop.AppError: cannot load the orders").excerpt.startswith(
        "shop.AppError: cannot load the orders"
    )


def test_the_examples_in_the_docstrings_are_true():
    assert doctest.testmod(_error_line).failed == 0


@given(st.text(st.characters(codec=None, categories=None), max_size=2000))
def test_any_text_has_a_line_and_always_the_same(text):
    failure = read_failure(text)
    assert "\n" not in failure.line
    assert len(failure.line) <= _error_line.LINE_LIMIT
    assert failure == read_failure(text)


PIECES = st.sampled_from(
    ["E   a", "\n", " ", "\t", "  + Exception Group Traceback (most recent call last):\n", "  | x",
     '  File "a.py", line 1\n', "\n    at x", "a.b$", "Error:", "_test.go:1: ", "012 >>> x\n",
     "Expected:\n", "Got:\n", ": DocTestFailure", "FAILURE: ", "Failed Checks: ", "0x1", "a.py:1: "]
)  # fmt: skip


@given(st.lists(PIECES, min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_the_time_to_read_a_text_does_not_explode(pieces):
    text = ("".join(pieces) * 100_000)[:1_000_000]
    began = time.process_time()
    read_failure(text)
    read_error_line(text)
    assert time.process_time() - began < 1


def test_fifty_megabytes_are_cut_before_they_are_read():
    text = "x" * 50_000_000 + "\nE   last words"
    began = time.process_time()
    assert read_failure(text).line == "last words"
    assert time.process_time() - began < 0.5


def problem(line, place="a.py:1", **more):
    return set(Failure(line, place=place, **more).problems)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("order 17 at 0x7f01 is gone", "order 99 at 0x7fee is gone"),
        ("no 0f8fad5b-d9cb-469f-a165-70867728950e", "no 7c9e6679-7425-40de-944b-e07fc1f90ae7"),
        ("timeout after 2.5s", "timeout after 31s"),
        ("no user_17", "no user_4"),
        ("order A7X9K2 is gone", "order B1Q0Z9 is gone"),
    ],
)
def test_one_error_with_other_numbers_ids_and_addresses_is_one_problem(one, other):
    assert problem(one, "a.py:1") & problem(other, "b.py:2")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("KeyError: 'sku'", "KeyError: 'price'"),
        ("ValueError: no", "TypeError: no"),
        ("OSError('refused') [single exception in ExceptionGroup]", "KeyError('refused') [single exception in ExceptionGroup]"),
        ("order # is gone", "order 7 is gone"),
    ],
)  # fmt: skip
def test_other_words_are_another_problem(one, other):
    assert not problem(one) & problem(other)


@pytest.mark.parametrize(
    "line", ["assert False", "assert None", "assert 0", "assert []", "AssertionError", "assert not True"]
)  # fmt: skip
def test_an_assertion_that_says_nothing_is_a_problem_of_its_place(line):
    assert problem(line, "a.py:1", statement="assert ok") & problem(line, "a.py:1")
    assert not problem(line, "a.py:1", statement="assert ok") & problem(
        line, "a.py:9", statement="assert ok"
    )
    assert not problem(line, "", test="a.py::one") & problem(line, "", test="a.py::two")


def test_a_comparison_of_values_is_a_problem_of_its_statement_and_values_or_of_its_place():
    same = "assert response.status == 200"
    first = problem("assert 500 == 200", "a.py:1", statement=same)
    assert first & problem("assert 500 == 200", "b.py:9", statement=same)
    assert first & problem("assert 502 == 200", "a.py:1", statement=same)
    assert not first & problem("assert 502 == 200", "b.py:9", statement=same)
    assert not first & problem("assert 500 == 200", "b.py:9", statement="assert total == 200")


@pytest.mark.parametrize(
    ("frames", "place"),
    [
        (["tests/test_a.py:3: ", "lib/helper.py:2: Error"], "lib/helper.py:2"),
        (["test_a.py:3: ", "helper.py:2: Error"], "tests/helper.py:2"),
        (["test_a.py:3: Error"], "tests/test_a.py:3"),
        (["test_a.py:3: ", "../lib/helper.py:2: Error"], "lib/helper.py:2"),
        (["test_a.py:3: ", "../../other/helper.py:2: Error"], "tests/test_a.py:3"),
        (["/w/shop/tests/test_a.py:3: ", "/w/shop/lib/helper.py:2: Error"], "lib/helper.py:2"),
        (["../../w/shop/tests/test_a.py:3: Error"], "tests/test_a.py:3"),
        (["tests/test_a.py:3: ", "test_a.py:2: Error"], "test_a.py:2"),
    ],
)
def test_places_are_relative_to_the_projects_root_wherever_the_test_was(frames, place):
    text = "\n\n".join(f">   call()\nE   Error\n\n{frame}" for frame in frames)
    assert read_failure(text, nodeid="tests/test_a.py::test_a").place == place


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (SYNTAX, "SyntaxError: invalid syntax"),
        (SYNTAX, None),
        (SYNTAX.replace("Syntax", "Indentation"), None),
    ],
)
def test_the_place_of_a_file_that_is_no_python_is_the_file(text, error):
    assert read_failure(text, error).place == "/app/test_syn.py:1"


TWO_PHASES = {
    "long": """\
    def test_pay(shop):
>       raise ValueError("no price")
E       ValueError: no price

tests/test_pay.py:9: ValueError

    def shop():
        yield 1
>       raise KeyError("left open")
E       KeyError: 'left open'

tests/conftest.py:6: KeyError""",
    "short": """\
tests/test_pay.py:9: in test_pay
    raise ValueError("no price")
E   ValueError: no price

tests/conftest.py:6: in shop
    raise KeyError("left open")
E   KeyError: 'left open'""",
}


@pytest.mark.parametrize(
    ("style", "kind", "crash"), [("long", "ValueError", "tests/test_pay.py:9"), ("short", "", None)]
)
def test_where_call_and_teardown_failed_the_call_says_what_and_where(style, kind, crash):
    failure = read_failure(TWO_PHASES[style], "ValueError: no price", "tests/test_pay.py::test_pay")
    assert failure.place == "tests/test_pay.py:9"
    assert failure.kind == kind
    assert crash in (None, failure.crash)
