"""Every kind of test gives one result with the right word for what happened."""

import pytest

MIXED = '''
import unittest
import pytest

def test_passes():
    """It passes."""

def test_fails():
    assert 1 == 2

@pytest.fixture
def broken_setup():
    raise RuntimeError("setup broke")

@pytest.fixture
def broken_teardown():
    yield
    raise RuntimeError("teardown broke")

def test_setup_error(broken_setup): pass
def test_teardown_error(broken_teardown): pass
def test_fails_and_breaks_teardown(broken_teardown): assert 0, "call broke"

@pytest.mark.skip(reason="not today")
def test_skipped_by_mark(): pass

def test_skipped_in_body(): pytest.skip("not now")

@pytest.mark.xfail(reason="known")
def test_xfails(): assert 0

@pytest.mark.xfail
def test_xpasses(): pass

@pytest.mark.xfail(strict=True)
def test_xpasses_strict(): pass

class TestClass:
    def test_method(self): pass

class TestBrokenClass:
    @classmethod
    def setup_class(cls): raise RuntimeError("class broke")
    def test_one(self): pass
    def test_two(self): pass

class LegacyTest(unittest.TestCase):
    def test_ok(self): pass
    def test_bad(self): self.fail("legacy broke")
    @unittest.skip("old")
    def test_skipped(self): pass
    @unittest.expectedFailure
    def test_expected(self): assert 0
    @unittest.expectedFailure
    def test_unexpected(self): pass

class LegacyBroken(unittest.TestCase):
    @classmethod
    def setUpClass(cls): raise RuntimeError("setUpClass broke")
    def test_never_runs(self): pass
'''

EXPECTED = {
    "test_mixed.py::test_passes": ("passed", "passed", None),
    "test_mixed.py::test_fails": ("failed", "failed", "call"),
    "test_mixed.py::test_setup_error": ("failed", "error", "setup"),
    "test_mixed.py::test_teardown_error": ("failed", "error", "teardown"),
    "test_mixed.py::test_fails_and_breaks_teardown": ("failed", "failed", "call"),
    "test_mixed.py::test_skipped_by_mark": ("skipped", "skipped", None),
    "test_mixed.py::test_skipped_in_body": ("skipped", "skipped", None),
    "test_mixed.py::test_xfails": ("skipped", "xfailed", None),
    "test_mixed.py::test_xpasses": ("passed", "xpassed", None),
    "test_mixed.py::test_xpasses_strict": ("failed", "failed", "call"),
    "test_mixed.py::TestClass::test_method": ("passed", "passed", None),
    "test_mixed.py::TestBrokenClass::test_one": ("failed", "error", "setup"),
    "test_mixed.py::TestBrokenClass::test_two": ("failed", "error", "setup"),
    "test_mixed.py::LegacyTest::test_ok": ("passed", "passed", None),
    "test_mixed.py::LegacyTest::test_bad": ("failed", "failed", "call"),
    "test_mixed.py::LegacyTest::test_skipped": ("skipped", "skipped", None),
    "test_mixed.py::LegacyTest::test_expected": ("skipped", "xfailed", None),
    "test_mixed.py::LegacyTest::test_unexpected": ("failed", "failed", "call"),
    "test_mixed.py::LegacyBroken::test_never_runs": ("failed", "error", "setup"),
}


def words(ran):
    return {
        nodeid: (result["status"], result["outcome"], result["phase"])
        for nodeid, result in ran.results.items()
    }


@pytest.fixture
def mixed(project):
    project.write("test_mixed.py", MIXED)
    return project


@pytest.mark.parametrize("workers", [(), ("-n", "2"), ("-n", "2", "--dist", "loadfile")])
def test_every_outcome_has_its_word(mixed, workers):
    ran = mixed.pytest("--qlty", *workers)
    assert words(ran) == EXPECTED


@pytest.mark.parametrize("start", ["pytest", "script"])
@pytest.mark.parametrize("cwd", [".", "sub"])
def test_results_are_the_same_however_and_wherever_pytest_starts(mixed, start, cwd):
    (mixed.root / "sub").mkdir()
    ran = getattr(mixed, start)("--qlty", "--rootdir", str(mixed.root), str(mixed.root), cwd=cwd)
    assert words(ran) == EXPECTED


def test_every_hook_is_called_once_for_what_it_says(mixed):
    ran = mixed.pytest("--qlty")
    assert len(ran.calls("on_run_start")) == 1
    told = [event["result"]["nodeid"] for event in ran.calls("on_test_end")]
    assert sorted(told) == sorted(EXPECTED)
    assert ran.events[-1]["hook"] == "on_run_end"


def test_only_the_controller_dispatches_under_xdist(mixed):
    ran = mixed.pytest("--qlty", "-n", "2")
    assert len(ran.calls("on_run_start")) == 1
    assert len(ran.calls("on_test_end")) == len(EXPECTED)
    assert len({event["pid"] for event in ran.events}) == 1


def test_parallel_results_equal_serial_ones(mixed):
    serial = mixed.pytest("--qlty").results
    parallel = mixed.pytest("--qlty", "-n", "2").results
    for nodeid, result in serial.items():
        for key in ("message", "attempts", "flaky", "test_case_ids", "interrupted"):
            assert parallel[nodeid][key] == result[key], (nodeid, key)


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_exit_code_and_terminal_are_those_of_bare_pytest(mixed, workers):
    bare = mixed.pytest("-rA", "-p", "no:randomly", *workers)
    active = mixed.pytest("-rA", "--qlty", *workers)
    assert active.returncode == bare.returncode == 1
    assert summary_lines(active.stdout) == summary_lines(bare.stdout)


def summary_lines(stdout):
    words_ = ("PASSED", "FAILED", "ERROR", "SKIPPED", "XFAIL", "XPASS")
    return sorted(line for line in stdout.splitlines() if line.startswith(words_))


def test_a_failure_in_call_and_in_teardown_is_one_result_with_both_messages(mixed):
    message = mixed.pytest("--qlty").result("test_fails_and_breaks_teardown")["message"]
    assert message.index("call broke") < message.index("teardown broke")


def test_the_message_is_the_traceback_that_pytest_shows(mixed):
    ran = mixed.pytest("--qlty")
    message = ran.result("test_fails")["message"]
    assert "assert 1 == 2" in message
    for line in message.splitlines():
        assert line.rstrip() in ran.stdout


def test_reasons_of_skips_are_kept(mixed):
    ran = mixed.pytest("--qlty")
    assert ran.result("test_skipped_by_mark")["message"] == "not today"
    assert ran.result("test_skipped_in_body")["message"] == "not now"
    assert "known" in ran.result("test_xfails")["message"]


def test_parameter_ids_of_any_kind_stay_apart(project):
    project.write(
        "test_ids.py",
        r"""
        import pytest
        IDS = ["a::b", "a::c", "ü", "snow\u2603", "a\nb", "/etc/x", "..", "]", "[", "y" * 3000]
        @pytest.mark.parametrize("x", range(len(IDS)), ids=IDS)
        def test_p(x): pass
        class TestC:
            @pytest.mark.parametrize("x", ["a::b[c::d]"])
            def test_q(self, x): pass
        """,
    )
    ran = project.pytest("--qlty")
    assert ran.returncode == 0
    assert len(ran.results) == 11
    assert set(ran.end["results"]) == {"test_ids.py", "test_ids.py::TestC"}


def test_equal_classes_of_two_modules_do_not_overwrite_each_other(project):
    for module in ("test_one.py", "test_two.py"):
        project.write(f"{module[5:-3]}/{module}", "class TestA:\n    def test_a(self): pass\n")
    assert len(project.pytest("--qlty").results) == 2


def test_failed_subtests_make_their_test_failed(project):
    pytest.importorskip("_pytest.subtests", reason="pytest 8 has no subtests of its own")
    project.write(
        "test_sub.py",
        """
        import unittest
        def test_fixture(subtests):
            with subtests.test("first", i=1): assert 0, "first broke"
            with subtests.test("second", i=2): assert 1
        class Legacy(unittest.TestCase):
            def test_loop(self):
                for i in range(3):
                    with self.subTest(i=i): self.assertEqual(i, 1)
        """,
    )
    for workers in ((), ("-n", "2"), ("-p", "no:terminal")):
        ran = project.pytest("--qlty", *workers)
        assert set(ran.outcomes().values()) == {"failed"}
        assert "first broke" in ran.result("test_fixture")["message"]
        assert "0 != 1" in ran.result("test_loop")["message"]
        assert "2 != 1" in ran.result("test_loop")["message"]


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_a_file_that_cannot_be_imported_is_a_failed_result(project, workers):
    project.write("test_broken.py", "import nowhere_to_be_found\n")
    project.write("test_fine.py", "def test_fine(): pass\n")
    ran = project.pytest("--qlty", "--continue-on-collection-errors", *workers)
    result = ran.end["results"]["test_broken.py"]["<collection>"]
    assert (result["outcome"], result["phase"]) == ("error", "collect")
    assert "nowhere_to_be_found" in result["message"]
    assert ran.outcomes()["test_fine.py::test_fine"] == "passed"


def test_a_broken_collection_still_ends_the_run(project):
    project.write("test_broken.py", "import nowhere_to_be_found\n")
    ran = project.pytest("--qlty")
    assert ran.returncode == 2
    assert ran.end["run"]["exit_status"] == 2


def test_no_tests_at_all(project):
    ran = project.pytest("--qlty")
    assert ran.returncode == 5
    assert ran.end["results"] == {}


def test_deselected_tests_do_not_appear(mixed):
    ran = mixed.pytest("--qlty", "-k", "test_passes")
    assert list(ran.results) == ["test_mixed.py::test_passes"]
