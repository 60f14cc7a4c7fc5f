"""Options of pytest, other plugins, forks, pytest inside pytest: each keeps its behaviour."""

import textwrap

import pytest

ONE = "def test_one(): print('from the test')\n"


@pytest.fixture
def one(project):
    project.write("test_one.py", ONE)
    return project


@pytest.mark.parametrize(
    "option",
    ["--co", "--setup-plan", "--setup-only", "--fixtures", "--fixtures-per-test", "--markers"],
)
def test_what_only_shows_tests_calls_no_hook(one, option):
    ran = one.pytest("--qlty", option)
    assert ran.returncode == 0
    assert ran.events == []


@pytest.mark.parametrize("option", ["--help", "--version", "--cache-show", "--cache-show=cache/*"])
def test_what_looks_at_no_test_calls_no_hook(one, option):
    ran = one.pytest("--qlty", option)
    assert ran.returncode == 0
    assert ran.events == []


@pytest.mark.parametrize(
    "option", [("-q",), ("-qq",), ("-s",), ("-p", "no:terminal"), ("-p", "no:cacheprovider")]
)
def test_quiet_and_loud_options_change_nothing(one, option):
    ran = one.pytest("--qlty", *option)
    assert ran.returncode == 0
    assert ran.outcomes() == {"test_one.py::test_one": "passed"}


def test_without_being_asked_nothing_happens(one):
    ran = one.pytest()
    assert ran.returncode == 0
    assert ran.events == []
    assert not (one.root / ".qlty-framework").exists()


def test_an_empty_report_to_asks_for_nothing(one):
    assert one.pytest("--report-to", "").events == []


def test_a_run_that_nobody_takes_part_in_says_so(project):
    project.write("settings.py", "")
    project.write("test_one.py", ONE)
    assert "no integration takes part in this run" in project.pytest("--qlty").stdout


def test_without_being_asked_settings_are_not_imported(one):
    one.write("settings.py", "raise RuntimeError('somebody else owns this module')\n")
    assert one.pytest().returncode == 0


def test_blocked_by_its_name_options_parse_and_nothing_runs(one):
    ran = one.pytest("--qlty", "-p", "no:qlty")
    assert ran.returncode == 0
    assert ran.events == []


def test_named_by_hand_without_autoload(one):
    ran = one.pytest(
        "-p", "qlty.pytest_plugin", "--qlty", env={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    )
    assert ran.returncode == 0
    assert len(ran.results) == 1


def test_named_by_hand_beside_autoload_happens_once(one):
    ran = one.pytest("-p", "qlty.pytest_plugin", "--qlty")
    assert ran.returncode == 0
    assert len(ran.calls("on_run_start")) == 1


@pytest.mark.parametrize("where", ["ini", "environment"])
def test_activation_by_ini_and_by_environment(one, where):
    env = {}
    if where == "ini":
        one.write("pytest.ini", "[pytest]\nreport_to = slack\n")
    else:
        env = {"QLTY_REPORT_TO": "slack"}
    ran = one.pytest(env=env)
    assert ran.returncode == 0
    assert len(ran.results) == 1


def test_a_pytest_started_by_a_test_stays_quiet(project):
    project.write("inner/test_inner.py", "def test_inner(): pass\n")
    project.write(
        "test_outer.py",
        """
        import subprocess, sys
        def test_outer():
            subprocess.run([sys.executable, "-m", "pytest", "inner"], check=True)
        """,
    )
    ran = project.pytest("test_outer.py", env={"QLTY_REPORT_TO": "slack"})
    assert ran.returncode == 0
    assert list(ran.results) == ["test_outer.py::test_outer"]


def test_a_pytest_inside_the_process_stays_quiet(project):
    project.write("inner/test_inner.py", "def test_inner(): pass\n")
    project.write(
        "test_outer.py", "import pytest\ndef test_outer(): assert pytest.main(['inner']) == 0\n"
    )
    ran = project.pytest("test_outer.py", env={"QLTY_REPORT_TO": "slack"})
    assert ran.returncode == 0
    assert list(ran.results) == ["test_outer.py::test_outer"]


def test_a_forked_child_that_lives_on_reports_nothing(project):
    project.write(
        "test_fork.py",
        """
        import os
        def test_forks():
            os.fork()
        def test_after(): pass
        """,
    )
    ran = project.pytest("--qlty", "-W", "ignore")
    assert len(ran.calls("on_run_start")) == len(ran.calls("on_run_end")) == 1
    assert len(ran.calls("on_test_end")) == 2


def test_two_runs_in_one_process_do_not_share_anything(one):
    code = textwrap.dedent(
        """
        import pytest
        assert pytest.main(["--qlty", "-q"]) == 0
        assert pytest.main(["--qlty", "-q"]) == 0
        assert pytest.main(["-q"]) == 0
        """
    )
    ran = one.python("-c", code)
    assert ran.returncode == 0, ran.stdout
    ends = ran.calls("on_run_end")
    assert len(ends) == len(ran.calls("on_run_start")) == 2
    assert ends[0]["id"] != ends[1]["id"]


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_odd_marker_values_do_not_end_the_run(project, workers):
    project.write("pytest.ini", "[pytest]\nmarkers = odd\n")
    project.write(
        "test_odd.py",
        r"""
        import pytest
        class Bad:
            def __repr__(self): raise RuntimeError("no repr")
        loop = []; loop.append(loop)
        @pytest.mark.odd(object(), Bad(), loop, key={(1, 2): 3}, text="\ud800", long="x" * 100_000)
        @pytest.mark.odd(float("nan"), {1, 2}, b"bytes", print)
        def test_odd(): pass
        """,
    )
    ran = project.pytest("--qlty", *workers)
    assert ran.returncode == 0
    (event,) = ran.calls("on_test_end")
    assert [marker.split("(")[0] for marker in map(str, event["case"]["markers"])] != []


def test_output_of_any_kind_gives_a_clean_message(project):
    project.write(
        "test_output.py",
        r"""
        class Odd:
            def __repr__(self): return "\x1b[31mred\x1b[0m \x00 \ud800"
        class Broken(Exception):
            def __str__(self): raise RuntimeError("no str")
        def test_odd(): assert Odd() == 1, "\x00\x1b[1m\ud800"
        def test_broken(): raise Broken
        def test_loud(): print("x" * 10_000_000); assert 0
        def test_long(): assert 0, "y" * 10_000_000
        """,
    )
    ran = project.pytest("--qlty", "--show-capture=no")
    message = ran.result("test_odd")["message"]
    assert "red" in message
    assert not {"\x00", "\x1b"} & set(message)
    assert all(len(result["message"]) <= 65_536 for result in ran.results.values())
    assert set(ran.outcomes().values()) == {"failed"}


def test_facts_of_a_test_reach_the_integration(project):
    project.write("pytest.ini", "[pytest]\nmarkers = smoke\n    owner(name)\n")
    project.write(
        "test_facts.py",
        '''
        import pytest
        pytestmark = pytest.mark.owner("module")
        @pytest.mark.owner("class")
        class TestShop:
            @pytest.mark.owner("function")
            @pytest.mark.smoke
            @pytest.mark.parametrize("x", ["[C12]"])
            @pytest.mark.testrail(3, "C4", ["5"])
            def test_buy(self, x, record_property, tmp_path):
                """Buys."""
                record_property("feature_name", "checkout")
                record_property("attachment", "one.png")
                record_property("attachment", "two.png")
        ''',
    )
    ran = project.pytest("--qlty")
    (event,) = ran.calls("on_test_end")
    case, result = event["case"], event["result"]
    assert case["class_name"] == "TestShop"
    assert (case["path"], case["line"]) == ("test_facts.py", 6)
    assert case["docstring"] == "Buys."
    assert case["case_ids"] == result["test_case_ids"] == [3, 4, 5, 12]
    owners = [marker for marker in case["markers"] if "owner" in marker]
    assert [next(w for w in ("function", "class", "module") if w in o) for o in owners] == [
        "function",
        "class",
        "module",
    ]
    assert "tmp_path" in case["fixtures"]
    assert result["feature_name"] == "checkout"
    assert result["attachments"] == ["one.png", "two.png"]
