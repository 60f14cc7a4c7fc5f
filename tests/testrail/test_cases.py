import json

import pytest

from qlty.classes.integrations._testrail.cases import (
    automation_ids,
    case_ids,
    defects,
    marked,
    mistakes,
    read_mapping,
    texts,
)
from qlty.errors import SettingsError
from qlty.results import Marker

NODEID = "tests/test_pay.py::TestCard::test_pay[visa]"


def test_ids_are_what_the_recorder_found_each_once():
    assert case_ids(NODEID, [3, 1, 3], {}) == (3, 1)


@pytest.mark.parametrize(
    "key",
    [
        NODEID,
        "tests/test_pay.py::TestCard::test_pay",
        "tests/test_pay.py::TestCard",
        "tests/test_pay.py",
    ],
)
def test_the_mapping_names_test_class_or_file(key):
    assert case_ids(NODEID, [], {key: (9,)}) == (9,)


def test_the_nearest_entry_of_the_mapping_wins():
    mapped = {"tests/test_pay.py": (1,), "tests/test_pay.py::TestCard::test_pay": (2,)}
    assert case_ids(NODEID, [], mapped) == (2,)


def test_a_test_with_ids_of_its_own_does_not_use_the_mapping():
    mapped = {"tests/test_pay.py": (1,)}
    assert case_ids(NODEID, [5], mapped) == (5,)


def test_automation_ids_are_node_id_and_dotted_name_with_and_without_parameters(make_case):
    assert automation_ids(make_case(NODEID)) == (
        "tests/test_pay.py::TestCard::test_pay[visa]",
        "tests.test_pay.TestCard.test_pay[visa]",
        "tests/test_pay.py::TestCard::test_pay",
        "tests.test_pay.TestCard.test_pay",
    )


def test_the_marker_may_give_the_automation_id(make_case, marker):
    assert automation_ids(make_case(NODEID, marker(automation_id="pay.visa"))) == ("pay.visa",)


def test_the_nearest_marker_with_a_keyword_gives_it(make_case, marker):
    case = make_case(NODEID, marker(1), marker(version="2"), marker(version="1"))
    assert marked(case, "version") == "2"


@pytest.mark.parametrize("value", ["A-1, A-2", ["A-1", "A-2"], ("A-1", "A-2")])
def test_defects_may_be_a_list_or_text_with_commas(value):
    assert texts(value) == ("A-1", "A-2")


@pytest.mark.parametrize(
    ("args", "kwargs", "said"),
    [
        (("C9x",), {}, "has 'C9x', which is no case: a case is 12 or 'C12'"),
        ((-3,), {}, "has -3, which is no case"),
        ((0,), {}, "has 0, which is no case"),
        (("",), {}, "has '', which is no case"),
        ((1, True), {}, "has True, which is no case"),
        (([1, "2b"],), {}, "has '2b', which is no case"),
        (("C1, C2",), {}, "has 'C1, C2', which is no case"),
        ((), {}, "testrail() names no case"),
        ((), {"ids": ["C1", "x"]}, "has 'x', which is no case"),
        ((), {"params": {"chrome": "C3b"}}, "has 'C3b', which is no case"),
        ((), {"params": "chrome"}, "has 'chrome', which is no case"),
        ((1,), {"defect": "PF-1"}, "has 'defect', which is not known: did you mean 'defects'?"),
        ((1,), {"customer": 1}, "has 'customer', which is not known: known are ids, params"),
    ],
)
def test_a_mistake_in_a_marker_is_said(make_case, marker, args, kwargs, said):
    (mistake,) = mistakes(make_case(NODEID, marker(*args, **kwargs)))
    assert said in mistake


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [
        ((1, "C2", "3", [4, "c5"]), {}),
        ((), {"ids": ("C9",)}),
        ((), {"params": {"chrome": 12, "firefox": ["C13", 14]}}),
        ((), {"automation_id": "pay"}),
        ((), {"version": "2", "defects": ["A-1"], "custom_os": "linux"}),
    ],
)
def test_a_good_marker_has_no_mistakes(make_case, marker, args, kwargs):
    assert list(mistakes(make_case(NODEID, marker(*args, **kwargs)))) == []


def test_defects_are_those_of_the_nearest_marker_of_either_kind(make_case, marker):
    theirs = Marker("testrail_defects", (), {"defect_ids": ["PF-1", "BR-2"]})
    assert defects(make_case(NODEID, theirs, marker(1, defects="A-1"))) == ("PF-1", "BR-2")
    assert defects(make_case(NODEID, marker(1, defects="A-1"), theirs)) == ("A-1",)
    assert defects(make_case(NODEID, marker(1))) == ()


def test_a_json_mapping_takes_numbers_texts_and_lists(tmp_path):
    file = tmp_path / "cases.json"
    file.write_text(json.dumps({"a": 1, "b": "C2", "c": [3, "C4"], "d": "C5, C6"}))
    assert read_mapping(file) == {"a": (1,), "b": (2,), "c": (3, 4), "d": (5, 6)}


def test_a_csv_mapping_may_have_a_heading_and_several_lines_for_a_test(tmp_path):
    file = tmp_path / "cases.csv"
    file.write_text("test,case\na,C1\n\na,C2\nb,3\n")
    assert read_mapping(file) == {"a": (1, 2), "b": (3,)}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("cases.json", "{", "cannot be read"),
        ("cases.json", "[]", "cannot be read"),
        ("cases.json", '{"a": "X1"}', "'a' has 'X1'; a case is 12 or 'C12'"),
        ("cases.json", '{"a": true}', "a case is 12 or 'C12'"),
        ("cases.csv", "test,case\na\n", "line 2 has one column"),
        ("cases.csv", "test,case\na,b\n", "'a' has 'b'"),
    ],
)
def test_a_mapping_that_cannot_be_used_is_named_with_its_entry(tmp_path, name, content, said):
    file = tmp_path / name
    file.write_text(content)
    with pytest.raises(SettingsError) as error:
        read_mapping(file)
    assert str(file) in str(error.value)
    assert said in str(error.value)


def test_a_mapping_that_is_missing_is_a_settings_error(tmp_path):
    with pytest.raises(SettingsError, match="No such file"):
        read_mapping(tmp_path / "cases.json")
