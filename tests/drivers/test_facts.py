"""What is known of a marker is the same in the process that ran the test and in any other."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qlty.recording._facts import MARKER_LIMIT, _marker
from qlty.results import clean

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(max_size=500),
    st.floats(allow_nan=False),
    st.lists(st.integers(), max_size=3),
    st.binary(max_size=5),
)


@given(args=st.lists(VALUES, max_size=10), kwargs=st.dictionaries(st.text(), VALUES, max_size=5))
def test_a_marker_is_the_same_after_a_way_through_json(args, kwargs):
    shown = _marker(pytest.mark.testrail.with_args(*args, **kwargs).mark)
    assert json.loads(json.dumps(shown)) == shown


@given(text=st.text())
def test_a_marker_holds_nothing_that_cannot_be_written(text):
    shown = _marker(pytest.mark.testrail.with_args(text, **{text: text}).mark)
    assert "\x00" not in json.dumps(shown, ensure_ascii=False)
    json.dumps(shown, ensure_ascii=False).encode("utf-8")


LONG = "x" * 2 * MARKER_LIMIT


@pytest.mark.parametrize(
    "value",
    [
        LONG,
        "\N{SNOWMAN}" * MARKER_LIMIT,
        [LONG, "y"],
        list(range(MARKER_LIMIT)),
        {str(n): n for n in range(MARKER_LIMIT)},
        [[LONG] * 3] * 3,
    ],
    ids=["text", "escapes", "list with text", "long list", "long dict", "nested"],
)
def test_of_several_arguments_the_long_one_alone_is_shortened(value):
    kwargs = {"service_id": "XIXOOXZ", "details": value, "n": 7, "ids": ["C1", "C2"]}
    name, args, shown = _marker(pytest.mark.testrail.with_args("C9", value, **kwargs).mark)
    assert name == "testrail"
    assert args[0] == "C9"
    assert {**kwargs, "details": None} == {**shown, "details": None}
    for cut in (args[1], shown["details"]):
        assert type(cut) is type(value)
        assert len(json.dumps(cut)) <= MARKER_LIMIT


def test_a_list_that_is_too_long_keeps_its_front_and_says_how_much_is_missing():
    _, (shown,), _ = _marker(pytest.mark.testrail.with_args([f"C{n}" for n in range(9999)]).mark)
    assert shown[:2] == ["C0", "C1"]
    assert shown[-1] == f"… and {9999 - len(shown) + 1} more"


def test_many_short_arguments_stay_whole():
    given = [f"C{n}" for n in range(1000)]
    assert _marker(pytest.mark.testrail.with_args(*given).mark)[1] == given


@given(values=st.lists(st.text(max_size=3000) | st.lists(st.text(), max_size=40), max_size=9))
def test_what_is_short_is_never_touched(values):
    shown = _marker(pytest.mark.testrail.with_args(*values).mark)[1]
    short = [value for value in values if len(json.dumps(value)) <= 400]
    assert [clean_of(v) for v in short] == [
        v for v, o in zip(shown, values, strict=True) if o in short
    ]


def clean_of(value):
    return [clean(one) for one in value] if isinstance(value, list) else clean(value)


def test_an_object_beside_others_costs_them_nothing():
    class Odd:
        def __repr__(self):
            raise ValueError

    _, args, kwargs = _marker(pytest.mark.testrail.with_args("C9", Odd(), {1, 2}, n="x").mark)
    assert (args[0], kwargs) == ("C9", {"n": "x"})
    assert args[1] == "<Odd: its repr() raises ValueError>"


def test_a_function_is_shown_by_its_name():
    assert _marker(pytest.mark.testrail.with_args(clean_of, ValueError).mark)[1] == [
        "clean_of",
        "ValueError",
    ]


def test_a_value_that_contains_itself_costs_the_others_nothing():
    knot: list = []
    knot.append(knot)
    _, args, kwargs = _marker(pytest.mark.testrail.with_args("C9", knot, service_id="X").mark)
    assert (args[0], kwargs) == ("C9", {"service_id": "X"})


@pytest.mark.parametrize("options", [(), ("-n", "1")])
def test_evidence_is_found_where_the_test_was_when_it_recorded_it(project, options):
    project.write(
        "test_it.py",
        """
        import pathlib
        def test_moved(record_property, tmp_path, monkeypatch):
            monkeypatch.chdir(tmp_path)
            pathlib.Path("shot.png").write_bytes(b"png")
            record_property("attachment", "shot.png")
            record_property("results_dir", ".")
        def test_stayed(record_property):
            record_property("attachment", "shot.png")
        """,
    )
    moved, stayed = (
        call["result"] for call in project.pytest("--qlty", *options).calls("on_test_end")
    )
    assert [Path(path).read_bytes() for path in moved["attachments"]] == [b"png"]
    assert Path(moved["results_dir"], "shot.png").is_file()
    assert stayed["attachments"] == ["shot.png"]
