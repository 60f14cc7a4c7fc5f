"""What pytest-pagerduty 1.0.0 does, where ours does the right thing instead."""

from __future__ import annotations

import contextlib
import re
import sqlite3

import pytest

MARKED = """
import pytest, os, unittest
pytestmark = [
    pytest.mark.usefixtures("pagerduty_fixture"),
    pytest.mark.pagerduty_trigger_incident(service_id="XIXOOXZ"),
]
"""


OUTBOX = ".qlty-framework/outbox.sqlite3"


def titles(suite):
    return [incident["title"] for incident in suite.incidents]


def seconds(ran):
    """Return how long pytest says that its session took: the tests, not the tail after them."""
    return float(re.findall(r" in ([\d.]+)s", ran.output)[-1])


# -- which failures


BROKEN_SETUPS = {
    "module fixture": """
@pytest.fixture(scope="module")
def broken():
    raise OSError("no database")
def test_pay(broken): pass
""",
    "autouse fixture": """
@pytest.fixture(autouse=True)
def broken():
    raise OSError("no database")
def test_pay(): pass
""",
    "setup_method": """
class TestShop:
    def setup_method(self):
        raise OSError("no database")
    def test_pay(self): pass
""",
    "setUpClass": """
class TestShop(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise OSError("no database")
    def test_pay(self): pass
""",
}


@pytest.mark.parametrize("text", BROKEN_SETUPS.values(), ids=BROKEN_SETUPS)
def test_a_failing_setup_opens_an_incident(suite, text):
    suite.write(MARKED + text)
    suite.run()
    (title,) = titles(suite)
    assert "test_pay" in title
    assert "OSError: no database" in title


def test_a_failing_teardown_opens_an_incident(suite):
    suite.write(
        MARKED + "@pytest.fixture\ndef bed():\n    yield\n    raise OSError('left over')\n"
        "def test_pay(bed): pass"
    )
    suite.run()
    assert "OSError: left over" in titles(suite)[0]


def test_a_file_that_cannot_be_imported_opens_an_incident_for_its_service(suite):
    suite.write("def test_fine(): pass", "test_fine.py")
    suite.write("import no_such_module\n" + MARKED + "def test_pay(): pass")
    suite.run("--report-to=pagerduty")
    (incident,) = suite.incidents
    assert incident["service"]["id"] == "XIXOOXZ"
    assert "No module named 'no_such_module'" in incident["title"]


def test_a_crashed_worker_opens_an_incident_with_the_facts_of_its_test(suite):
    suite.write(MARKED + "def test_pay():\n    '''Payment works.'''\n    os._exit(3)")
    suite.run("-n1")
    (incident,) = suite.incidents
    assert "crashed" in incident["title"]
    assert "Payment works." in incident["body"]["details"]


@pytest.mark.parametrize(
    "text",
    [
        "def test_pay(): pytest.skip('later')",
        "@pytest.mark.xfail\ndef test_pay(): assert False",
        "def test_pay(): pass",
    ],
    ids=["skip", "xfail", "pass"],
)
def test_what_did_not_fail_opens_nothing(suite, text):
    suite.write(MARKED + text)
    suite.run()
    assert suite.calls() == []


def test_a_strict_xpass_opens_an_incident(suite):
    suite.write(MARKED + "@pytest.mark.xfail(strict=True)\ndef test_pay(): pass")
    suite.run()
    assert "XPASS(strict)" in titles(suite)[0]


def test_a_failing_subtest_opens_one_incident_with_its_cause(suite):
    suite.write(
        MARKED + "class TestShop(unittest.TestCase):\n    def test_pay(self):\n"
        "        for n in range(3):\n            with self.subTest(n=n):\n"
        "                self.assertEqual(n, 7)"
    )
    suite.run()
    (title,) = titles(suite)
    assert "AssertionError: 0 != 7" in title


def test_a_test_that_passes_on_rerun_opens_nothing(suite):
    suite.write(
        MARKED + "import pathlib\ndef test_pay():\n    flag = pathlib.Path('seen')\n"
        "    first = not flag.exists()\n    flag.touch()\n    assert not first"
    )
    assert suite.run("--reruns=2").counts == {"passed": 1, "rerun": 1}
    assert suite.calls() == []


def test_a_test_that_fails_on_every_rerun_opens_one_incident(suite):
    suite.write(MARKED + "def test_pay(): assert 1 == 2")
    suite.run("--reruns=2")
    (incident,) = suite.incidents
    assert "Attempts: 3, all failed" in incident["body"]["details"]


def test_a_broken_pagerduty_consumes_no_rerun(suite):
    suite.sandbox.chaos({"pagerduty/*": {"status": 500}})
    suite.write(MARKED + "def test_pay(): assert 1 == 2")
    ran = suite.run("--reruns=2", env={"QLTY_DELIVERY_TIMEOUT": "1"})
    assert ran.counts == {"failed": 1, "rerun": 2}


# -- which tests


def test_the_marker_without_the_fixture_says_what_it_needs(suite):
    suite.write(MARKED.replace('pytest.mark.usefixtures("pagerduty_fixture"),', "")
                + "def test_pay(): assert False")  # fmt: skip
    ran = suite.run()
    assert suite.calls() == []
    assert "only with --report-to pagerduty" in ran.output


def test_the_fixture_without_the_marker_opens_nothing(suite):
    suite.write("def test_pay(pagerduty_fixture): assert False")
    assert suite.run().counts == {"failed": 1}
    assert suite.calls() == []


def test_a_service_given_by_position_is_used(suite):
    suite.write(
        'import pytest\n@pytest.mark.pagerduty_trigger_incident("XIXOOXZ")\n'
        "def test_pay(pagerduty_fixture): assert False"
    )
    suite.run()
    assert suite.incidents[0]["service"]["id"] == "XIXOOXZ"


def test_an_argument_that_does_not_exist_is_said_at_collection_and_the_page_goes_out(suite):
    suite.write(MARKED.replace('service_id="XIXOOXZ"', 'service_id="XIXOOXZ", assignee_ids="P1"')
                + "def test_pay(): assert False")  # fmt: skip
    ran = suite.run()
    before_the_tests = ran.output.partition("test_shop.py F")[0]
    assert "no argument 'assignee_ids': did you mean 'assignee_id'" in before_the_tests
    assert len(suite.incidents) == 1


def test_a_function_for_details_is_said_at_collection_and_the_page_goes_out(suite):
    suite.write("def explain(): pass\n"
                + MARKED.replace('service_id="XIXOOXZ"', 'service_id="XIXOOXZ", details=explain')
                + "def test_pay(): assert False")  # fmt: skip
    ran = suite.run()
    before_the_tests = ran.output.partition("test_shop.py F")[0]
    assert "has details=explain, which is no text but a function" in before_the_tests
    assert len(suite.incidents) == 1
    assert "0x" not in suite.incidents[0]["body"]["details"].partition("Failure")[0]


def test_details_of_any_length_cost_no_page(suite):
    suite.write(MARKED.replace(
        'service_id="XIXOOXZ"', 'service_id="XIXOOXZ", details="The card was declined. " * 900')
        + "def test_pay(): assert False")  # fmt: skip
    suite.run()
    (incident,) = suite.incidents
    assert incident["service"]["id"] == "XIXOOXZ"
    assert incident["body"]["details"].startswith("The card was declined. The card")


def test_the_owner_marker_is_known_to_strict_markers(suite):
    suite.write(MARKED + "@pytest.mark.owner('payments')\ndef test_pay(): assert False")
    ran = suite.run("--strict-markers")
    assert ran.counts == {"failed": 1}
    assert "Owner: payments" in suite.incidents[0]["body"]["details"]


def test_parameters_with_one_key_share_one_incident_and_no_test_errors(suite):
    suite.write(
        'import pytest\n@pytest.mark.pagerduty_trigger_incident("XIXOOXZ", incident_key="down")\n'
        "@pytest.mark.parametrize('n', [1, 2, 3])\n"
        "def test_pay(pagerduty_fixture, n): assert not n"
    )
    assert suite.run().counts == {"failed": 3}
    assert [one["incident_key"] for one in suite.incidents] == ["down"]


def test_parameters_without_a_key_share_one_incident_with_the_file_in_its_title(suite):
    suite.write(MARKED + "@pytest.mark.parametrize('n', range(4))\ndef test_pay(n): assert n < 0")
    suite.run()
    (title,) = titles(suite)
    assert "test_shop.py::test_pay[0] (and 3 more of its parameters)" in title


def test_a_title_of_1560_characters_is_cut(suite):
    suite.write(MARKED + f"@pytest.mark.parametrize('n', ['{'x' * 1500}'])\n"
                "def test_pay(n): assert False")  # fmt: skip
    suite.run()
    (title,) = titles(suite)
    assert len(title) <= 1024
    assert "assert False" in title


def test_a_slip_in_a_modules_marker_is_said_once_and_not_per_test(suite):
    suite.write(MARKED.replace('service_id="XIXOOXZ"', 'service_id="XIXOOXZ", urgencey="low"')
                + "".join(f"def test_{n}(): pass\n" for n in range(9)))  # fmt: skip
    ran = suite.run()
    (note,) = ran.line["notes"]
    assert "no argument 'urgencey': did you mean 'urgency'? (test_shop.py::test_0" in note
    assert ran.output.count("did you mean") == 2  # after collection, and in the receipt


def test_the_runner_counts_the_marker_alone(suite):
    suite.write(MARKED.replace('pytest.mark.usefixtures("pagerduty_fixture"),', "")
                + "def test_pay(): assert False")  # fmt: skip
    suite.project.python("-m", "qlty.qlty_tests", "--pagerduty", "test_shop.py", env=suite.env)
    assert len(suite.incidents) == 1


# -- when PagerDuty or its credentials are broken


def test_missing_credentials_are_one_line_and_no_test_errors(suite):
    suite.write(MARKED + "def test_pay(): assert False\ndef test_other(): pass")
    ran = suite.run(without=("PAGERDUTY_API_KEY",))
    assert ran.counts == {"failed": 1, "passed": 1}
    (note,) = ran.line["notes"]
    assert "no credentials: set PAGERDUTY_API_KEY" in note


def test_a_missing_from_is_said_and_no_test_errors(suite):
    suite.write(MARKED + "def test_pay(): assert False")
    ran = suite.run(without=("PAGERDUTY_DEFAULT_FROM",))
    assert ran.counts == {"failed": 1}
    (note,) = ran.line["notes"]
    assert note.startswith("PAGERDUTY_DEFAULT_FROM is not usable")
    assert '"From" header' in note
    assert len(suite.incidents) == 1


@pytest.mark.parametrize("status", [400, 401, 500])
def test_an_error_of_pagerduty_changes_no_outcome(suite, status):
    suite.sandbox.chaos({"pagerduty/*": {"status": status}})
    suite.write(MARKED + "def test_pay(): assert False\ndef test_other(): pass")
    ran = suite.run(env={"QLTY_DELIVERY_TIMEOUT": "1"})
    assert ran.counts == {"failed": 1, "passed": 1}
    assert ran.returncode == 1
    problems = [*ran.line["refused"], *ran.line["waiting"]]
    assert str(status) in problems[0]["reason"]


def test_endless_429_hangs_nothing_and_the_page_is_kept(suite):
    suite.sandbox.chaos({"pagerduty/*": {"status": 429}})
    suite.write(MARKED + "def test_pay(): assert False")
    ran = suite.run(env={"QLTY_DELIVERY_TIMEOUT": "1"})
    (waiting,) = ran.line["waiting"]
    assert "429" in waiting["reason"]


def test_a_page_that_an_earlier_run_left_and_is_too_old_is_told_by_the_next_run(suite):
    suite.write(MARKED + "def test_pay(): assert False\ndef test_buy(): pass")
    suite.sandbox.chaos({"pagerduty/*": {"status": 503}})
    old = suite.run(env={"QLTY_DELIVERY_TIMEOUT": "2"})
    assert old.line["waiting"]
    with contextlib.closing(sqlite3.connect(suite.project.root / OUTBOX)) as outbox, outbox:
        outbox.execute("UPDATE delivery SET expires_at = 1, state = 'waiting', owner = NULL")
    suite.sandbox.chaos({})
    new = suite.run("-k", "test_buy", "--report-to", "pagerduty")
    assert new.receipt["earlier_given_up"]["pagerduty"]
    assert "pagerduty: of earlier runs" in new.output


def test_a_network_that_is_down_costs_the_tests_nothing(suite):
    suite.write(MARKED + "".join(f"def test_{n}(): assert {n} == 99\n" for n in range(5)))
    env = {"PAGERDUTY_API_URL": "http://127.0.0.1:9", "QLTY_DELIVERY_TIMEOUT": "1"}
    ran = suite.run(env=env)
    assert ran.counts == {"failed": 5}
    assert seconds(ran) < 10
    assert ran.line["waiting"]


def test_a_slow_pagerduty_costs_the_tests_nothing(suite):
    suite.sandbox.chaos({"pagerduty/*": {"latency": 3}})
    suite.write(MARKED + "".join(f"def test_{n}(): assert {n} == 99\n" for n in range(3)))
    ran = suite.run()
    assert seconds(ran) < 8
    assert len(suite.incidents) == 3


# -- noise and secrets


def test_twenty_failures_over_workers_are_ten_incidents_and_a_summary(suite):
    suite.write(MARKED + "".join(f"def test_{n}(): assert {n} == 99\n" for n in range(20))
                + "".join(f"def test_ok_{n}(): pass\n" for n in range(30)))  # fmt: skip
    suite.run("-n2")
    assert len(suite.incidents) == 11
    assert sum("10 more tests fail" in title for title in titles(suite)) == 1


def test_assignee_and_policy_together_open_the_incident_for_the_assignee(suite):
    suite.write(
        "import pytest\n@pytest.mark.pagerduty_trigger_incident(service_id='XIXOOXZ', "
        "assignee_id='SE169QA', escalation_policy_id='PESCAL2')\n"
        "def test_pay(pagerduty_fixture): assert False"
    )
    ran = suite.run()
    assert suite.incidents[0]["assigned_via"] == "direct_assignment"
    assert any("assignee_id is used" in note for note in ran.line["notes"])


def test_secrets_in_assertions_and_locals_do_not_reach_pagerduty(suite):
    suite.write(MARKED + "def test_pay():\n    password = os.environ['SHOP_PASSWORD']\n"
                "    assert password == 'x'")  # fmt: skip
    suite.run("--showlocals", env={"SHOP_PASSWORD": "hunter2-correct-horse"})
    assert len(suite.incidents) == 1
    assert not [one for one in suite.sandbox.calls if "hunter2" in str(one)]


def test_the_run_says_what_it_opened_with_links(suite):
    suite.write(MARKED + "def test_pay(): assert False")
    ran = suite.run()
    assert "opened [#1]" in ran.line["arrived"][0]["text"]
    (link,) = [one["link"] for one in ran.line["arrived"]]
    assert link.endswith(suite.incidents[0]["html_url"])


# -- files that cannot be imported

UNIMPORTABLE = MARKED + "import nowhere\ndef test_pay(): pass\n"
IMPORTABLE = MARKED + "def test_pay(): pass\n"


@pytest.mark.parametrize("arguments", [(), ("-n2",)], ids=["alone", "xdist"])
def test_a_file_that_cannot_be_imported_opens_an_incident_with_the_fixture_alone(suite, arguments):
    suite.write(UNIMPORTABLE)
    suite.write(IMPORTABLE, "test_other.py")
    ran = suite.run(*arguments)
    (title,) = titles(suite)
    assert "test_shop.py" in title
    assert "nowhere" in title
    assert ran.counts.get("errors", ran.counts.get("error")) == 1


def test_a_file_that_cannot_be_imported_is_one_incident_beside_others(suite):
    suite.write(UNIMPORTABLE)
    suite.write(MARKED + "def test_buy(): assert 0\n", "test_other.py")
    suite.run("--continue-on-collection-errors")
    assert len(titles(suite)) == 2


NAMED = """
import nowhere
import pytest
SERVICE = "IIXOOXZ"
client = dict(service_id="prod")
@pytest.mark.pagerduty_trigger_incident(service_id=SERVICE)
def test_pay(pagerduty_fixture): pass
"""


def test_the_service_of_a_file_that_cannot_be_imported_is_that_of_its_markers(suite):
    suite.write(NAMED)
    suite.run()
    assert [incident["service"]["id"] for incident in suite.incidents] == ["IIXOOXZ"]


def test_the_default_service_stands_in_where_a_marker_names_none_in_the_text(suite):
    suite.write(NAMED.replace('"IIXOOXZ"', "nowhere.SERVICE"))
    suite.run(env={"PAGERDUTY_SERVICE_ID": "IIXOOXZ"})
    assert [incident["service"]["id"] for incident in suite.incidents] == ["IIXOOXZ"]


@pytest.mark.parametrize("arguments", [(), ("--report-to=pagerduty",)], ids=["fixture", "all"])
def test_a_folder_whose_conftest_cannot_be_imported_opens_an_incident(suite, arguments):
    suite.write("import nowhere\n", "shop/conftest.py")
    suite.write(IMPORTABLE, "shop/test_pay.py")
    suite.write("def test_other(): pass\n")
    suite.run(*arguments)
    assert len(titles(suite)) == 1
    suite.write("", "shop/conftest.py")
    suite.run(*arguments)
    assert [incident["status"] for incident in suite.incidents] == ["resolved"]


def test_that_incident_ends_when_the_file_can_be_imported(suite):
    for text in (UNIMPORTABLE, IMPORTABLE):
        suite.write(text)
        suite.run()
    assert [incident["status"] for incident in suite.incidents] == ["resolved"]


def test_a_file_that_does_not_ask_for_incidents_starts_nothing(suite):
    suite.write("import nowhere\n")
    suite.write(IMPORTABLE.replace("pagerduty_fixture", "tmp_path"), "test_other.py")
    ran = suite.run()
    assert suite.incidents == []
    assert ran.receipt == {}


# -- what a run leaves out

PARAMETERS = (
    MARKED
    + """
@pytest.mark.parametrize("card", ["old", "new"])
def test_pay(card):
    assert card != os.environ.get("BROKEN")
"""
)
LEAVE_OUT = """
import os

def pytest_collection_modifyitems(items):
    items[:] = [one for one in items if os.environ.get("ONLY", "") in one.name]
"""


@pytest.mark.parametrize("arguments", [(), ("-n2",)], ids=["alone", "xdist"])
def test_a_parameter_that_a_plugin_leaves_out_without_a_word_does_not_pass(suite, arguments):
    suite.write(PARAMETERS)
    suite.write(LEAVE_OUT, "conftest.py")
    report = ("--report-to=pagerduty", *arguments)
    suite.run(*report, env={"BROKEN": "old"})
    suite.run(*report, env={"ONLY": "new"})
    assert [incident["status"] for incident in suite.incidents] == ["triggered"]
    suite.run(*report)
    assert [incident["status"] for incident in suite.incidents] == ["resolved"]


def test_what_passed_with_last_failed_ends_its_incident(suite):
    suite.write(PARAMETERS.replace('!= os.environ.get("BROKEN")', 'not in os.environ["BROKEN"]'))
    for broken in ("old new", "old", "-"):
        suite.run("--lf", "-pcacheprovider", env={"BROKEN": broken})
    assert [incident["status"] for incident in suite.incidents] == ["resolved"]


@pytest.mark.parametrize(
    ("arguments", "entire"),
    [((), True), (("test_shop.py",), False), (("--ignore=test_other.py",), False)],
)
def test_only_a_run_of_all_files_says_that_a_test_is_gone(suite, arguments, entire):
    suite.write(MARKED + "def test_pay(): assert 0\n")
    suite.run("--report-to=pagerduty")
    suite.write(MARKED + "def test_buy(): pass\n")
    ran = suite.run("--report-to=pagerduty", *arguments)
    assert ("renamed or removed" in ran.output) is entire
