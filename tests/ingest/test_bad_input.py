"""Files that nobody vouches for: a hole with file and line, and never a crash, a hang or a leak."""

from __future__ import annotations

import gzip
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qlty.ingest import read

FUZZ = int(os.environ.get("QLTY_FUZZ", "0")) // 10 or 60
GOOD = '<testsuite name="s"><testcase classname="C" name="good" time="1"/></testsuite>'
OPEN = '<testsuite name="s"><testcase classname="C" name="good" time="1"/>'

BAD = {
    "no XML": ("no report at all", 1, "it is neither"),
    "empty": ("", 0, "it is empty"),
    "another root": ("<html/>", 1, "its root is <html>"),
    "text before the declaration": ("a line\n<?xml version='1.0'?><x/>", 2, "text before the XML"),
    "truncated": (f"{OPEN}\n<testcase name='a", 2, "ends in the middle"),
    "truncated between tests": (f"{OPEN}\n", 2, "ends in the middle"),
    "several roots": (f"{GOOD}\n{GOOD}", 2, "more than one root"),
    "an attribute twice": (f"{OPEN}\n<testcase name='a' name='b'/>", 2, "given twice"),
    "an external entity": (
        '<!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]>\n<testsuite>&x;</testsuite>',
        1,
        "it declares an entity",
    ),
    "an entity bomb": (
        '<!DOCTYPE s [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>\n<testsuite name="&b;"/>',
        1,
        "it declares an entity",
    ),
    "an unknown entity": (f"{OPEN}\n&nbsp;", 2, "undefined entity"),
    "depth": ("<testsuite>" * 10_000, 1, "more than 200 elements"),
    "JSON of another shape": ('{"results": [1, 2]}', 1, "it is no CTRF report"),
    "JSON that is cut off": ('{"reportFormat": "CTRF",\n"results": {"tests": [', 2, "no CTRF"),
    "JSON in itself": ('{"results": ' + "[" * 100_000, 1, "no CTRF"),
    "another kind of JSON": ('{"a": 1}', 1, "it is neither"),
    "a line of a report log that is none": (
        '{"$report_type": "SessionStart"}\n[]\n{"$report_type": "SessionFinish"}\n',
        2,
        "no report of pytest",
    ),
    "a record that is damaged": ('{"event":"run","version":2,"run_id":"x","run":7}\n{\n', 2, ""),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_a_hole_with_its_line_and_the_rest_is_read(files, name):
    text, line, words = BAD[name]
    good = files.write("good.xml", GOOD)
    bad = files.folder / "bad"
    bad.write_text(text)
    report = read([str(bad), good], files.folder)
    hole = report.holes[0]
    assert (hole.file, words in hole.text) == (str(bad), True), hole
    assert hole.line == line, hole
    assert "good" in {row.name for row in report.rows}
    assert not report.complete


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (GOOD.replace("good", "a\x1bb").encode(), "a�b"),
        (GOOD.replace("good", "a&#x1b;b").encode(), "a�b"),
        (GOOD.replace("good", "é").encode("latin-1"), "�"),
        (f"<?xml version='1.0' encoding='utf-16'?>{GOOD}".encode(), "good"),
        (f"<?xml version='1.0' encoding='no-such'?>{GOOD}".encode(), "good"),
    ],
)
def test_characters_that_cannot_be_are_replaced_with_a_warning(files, content, name):
    report = files.read(content)
    assert ([row.name for row in report.rows], report.holes) == ([name], [])
    assert "replaced" in report.warnings[0].text


def test_an_attribute_of_ten_megabytes_is_cut(files):
    report = files.read(GOOD.replace("good", "x" * 10_000_000))
    assert len(report.rows[0].name) < 5_000


def test_an_attribute_without_end_is_refused(files):
    report = files.read(f"{OPEN}<testcase name='{'x' * 20_000_000}'/></testsuite>")
    assert "one tag has more than 16 MB" in report.holes[0].text
    assert [row.name for row in report.rows] == ["good"]


def test_a_gzip_bomb_is_refused(files):
    bomb = gzip.compress(f"{OPEN}{' ' * 80_000_000}</testsuite>".encode(), 9)
    report = files.read(bomb)
    assert "larger than results are" in report.holes[0].text
    assert [row.name for row in report.rows] == ["good"]


def test_what_stands_before_the_end_of_a_cut_off_ctrf_report_is_read(files):
    test = '{"name": "pays", "status": "passed", "duration": 1}'
    report = files.read(f'{{"reportFormat": "CTRF", "results": {{"tests": [{test}, {test[:9]}')
    assert [row.name for row in report.rows] == ["pays"]
    assert "truncated" in report.holes[0].text


def test_a_packed_file_that_is_cut_off_keeps_what_was_read(files):
    packed = gzip.compress(f"{OPEN}<!-- {os.urandom(900_000).hex()} --></testsuite>".encode())
    report = files.read(packed[:-100])
    assert "cut off" in report.holes[0].text
    assert [row.name for row in report.rows] == ["good"]


def test_a_fifo_and_a_loop_of_links_are_not_waited_for(files):
    os.mkfifo(files.folder / "fifo.xml")
    (files.folder / "loop").symlink_to(files.folder)
    (files.folder / "self.xml").symlink_to(files.folder / "self.xml")
    files.write("a.xml", GOOD)
    for argument in (str(files.folder), f"{files.folder}/**/*.xml"):
        report = read([argument], files.folder)
        assert [row.name for row in report.rows] == ["good"]
    assert len(read([str(files.folder / "self.xml")], files.folder).holes) == 1


def test_attempts_are_joined_where_a_packed_file_is_cut_off(files):
    bare = '<testcase classname="test_a" name="test_x" time="1"'
    cases = f'<testsuites><testsuite name="pytest">{bare}/>{bare}><failure>no</failure></testcase>'
    packed = gzip.compress(f"{cases}<!-- {os.urandom(900_000).hex()} -->".encode())
    report = files.read(packed[:-100])
    assert [(row.outcome, len(row.more.earlier)) for row in report.rows] == [("failed", 1)]


def test_a_file_that_is_named_twice_is_read_once(files):
    path = files.write("a.xml", GOOD)
    assert len(read([path, path, str(files.folder)], files.folder).rows) == 1


pieces = st.sampled_from(
    [
        *("<testsuites>", "</testsuites>", '<testsuite name="pytest">', "</testsuite>"),
        *('<testcase name="a" classname="b" time="1">', "</testcase>", '<testcase name="a"/>'),
        *('<failure message="x">', "</failure>", "<error/>", "<flakyFailure>", "</flakyFailure>"),
        *("<properties>", '<property name="attempt-index" value="2"/>', "</properties>"),
        *(
            "<stackTrace>",
            "</stackTrace>",
            "<system-out>",
            "</system-out>",
            "text",
            "&#x1;",
            "\x00",
        ),
        *(
            '{"results":',
            '{"tests":[',
            '{"name":"a","status":"x","duration":1e999}',
            "]}",
            "}",
            "\n",
        ),
        *('{"event":"run","version":2}\n', '{"event":"start","nodeid":[]}\n', "null\n", "\ud800"),
        *(
            '{"$report_type":"TestReport","nodeid":"a","when":"call","outcome":"failed"}\n',
            "<",
            "é",
        ),
        *('{"$report_type":"SessionStart"}\n', '{"start":1e400,"nodeid":1}\n', "\x1f\x8b\x08"),
    ]
)


@settings(
    max_examples=FUZZ,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(content=st.lists(pieces, max_size=25).map("".join) | st.binary(max_size=200))
def test_whatever_a_file_holds_it_is_read_or_refused(files, content):
    raw = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    path = files.folder / "any"
    path.write_bytes(raw)
    report = read([str(path)], files.folder)
    tests = list(report.tests(0.0))
    assert len({case.nodeid for case, _ in tests}) == len(tests)
    assert tests or report.holes or report.warnings
