"""The fixture as a stranger's project uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

TEST = """
import json
import os
import urllib.request

import pytest


def post(text):
    request = urllib.request.Request(
        os.environ["SLACK_API_URL"] + "chat.postMessage",
        json.dumps({"channel": os.environ["SLACK_CHANNEL_ID"], "text": text}).encode(),
        {
            "Content-Type": "application/json",
            "Authorization": "Bearer " + os.environ["SLACK_AUTH_TOKEN"],
        },
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


@pytest.mark.parametrize("text", ["first", "second"])
def test_each_test_begins_with_an_empty_sandbox(sandbox, text):
    assert sandbox.slack.messages == []
    assert post(text)["ok"]
    assert [message["text"] for message in sandbox.slack.messages] == [text]


def test_chaos_of_one_test(sandbox):
    sandbox.chaos({"slack": {"status": 503}})


def test_is_over_in_the_next(sandbox):
    assert post("calm")["ok"]
    assert (sandbox.testrail.runs, sandbox.pagerduty.incidents) == ([], [])


def test_the_environment_is_left_alone_without_it():
    assert "SLACK_API_URL" not in os.environ
"""


def test_a_stranger_uses_the_fixture(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SLACK_API_URL", raising=False)
    pytester.makeconftest('pytest_plugins = ["qlty.testing"]')
    pytester.makepyfile(TEST)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=5)


def test_without_the_line_the_fixture_is_in_nobodys_way(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(sandbox): pass")
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.stdout.fnmatch_lines(["*fixture 'sandbox' not found*"])


def test_a_project_may_have_a_sandbox_of_its_own(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        import pytest
        pytest_plugins = ["qlty.testing"]
        @pytest.fixture
        def sandbox():
            return "mine"
        """
    )
    pytester.makepyfile("def test_it(sandbox): assert sandbox == 'mine'")
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)
