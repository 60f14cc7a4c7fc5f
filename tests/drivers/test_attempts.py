"""What a result keeps of its test: the attempts before, properties, tags, parameters, output."""

import pytest

SUITE = """
    import logging, sys
    import pytest

    seen = []

    @pytest.mark.flaky(reruns=2)
    @pytest.mark.smoke
    @pytest.mark.parametrize(("size", "what"), [(3, object())])
    def test_wobbles(size, what, record_property, request):
        record_property("step", "first")
        record_property("step", 2)
        seen.append(1)
        assert len(seen) == 3, f"no answer {len(seen)}, {'hunter2-' + 'very-secret'}"

    def test_fails():
        print("said hunter2-very-secret")
        print("complained", file=sys.stderr)
        logging.getLogger("shop").warning("logged")
        assert 0

    def test_passes():
        print("said")
"""


@pytest.fixture
def ran(project):
    def run(*arguments, **env):
        project.write("pytest.ini", "[pytest]\nmarkers = smoke\n")
        project.write("test_it.py", SUITE)
        return project.pytest(
            "--qlty", *arguments, env={"SHOP_PASSWORD": "hunter2-very-secret", **env}
        )

    return run


@pytest.mark.parametrize("workers", [(), ("-n1",)], ids=["alone", "xdist"])
def test_a_flaky_test_says_why_it_failed_before(ran, workers):
    result = ran(*workers).result("test_wobbles[3-what0]")
    assert (result["outcome"], result["attempts"], result["flaky"]) == ("passed", 3, True)
    first, second = result["earlier_attempts"]
    assert "no answer 1, ***" in first["message"]
    assert "no answer 2, ***" in second["message"]
    assert (first["outcome"], first["phase"]) == ("failed", "call")
    assert first["end_time"] <= second["start_time"] <= result["start_time"]


@pytest.mark.parametrize("workers", [(), ("-n1",)], ids=["alone", "xdist"])
def test_properties_tags_and_parameters_are_kept(ran, workers):
    result = ran(*workers).result("test_wobbles[3-what0]")
    assert result["properties"][-2:] == [["step", "first"], ["step", 2]]
    assert "smoke" in result["tags"]
    assert "parametrize" not in result["tags"]
    assert result["parameters"]["size"] == 3
    assert result["parameters"]["what"].startswith("<object object")


def test_a_failed_test_keeps_what_it_wrote_without_secrets(ran):
    fails = ran()
    captured = fails.result("test_fails")["captured"]
    assert captured["stdout"] == "said ***\n"
    assert captured["stderr"] == "complained\n"
    assert "logged" in captured["log"]
    assert fails.result("test_passes")["captured"] == {}


def test_what_tests_wrote_is_not_kept_where_a_setting_says_so(ran):
    assert ran(QLTY_CAPTURED_OUTPUT="off").result("test_fails")["captured"] == {}
