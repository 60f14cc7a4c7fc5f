"""The inbox in a real headless Chromium."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qlty.sandbox import Sandbox
    from tests.sandbox.conftest import Evening

CHANNEL = "C0SANDBOX"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def _chromium() -> str:
    """The browser; its absence skips these tests, except in CI, where it fails them."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next((path for path in map(shutil.which, names) if path), None)
    if found is not None:
        return found
    reason = "no Chromium on this machine; scripts/install-browser installs it"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    executable = _chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Any, sandbox: Sandbox) -> Iterator[Any]:
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(30_000)
    opened = context.new_page()
    problems: list[str] = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
    opened.on("dialog", lambda dialog: dialog.accept())
    yield opened
    context.close()
    assert problems == []


def test_the_overview_shows_a_run_in_all_three_services(
    page: Any, sandbox: Sandbox, evening: Evening
) -> None:
    page.goto(sandbox.url)
    page.get_by_label("Slack", exact=True).get_by_text(
        "2 of 26 tests failed", exact=False
    ).first.wait_for()
    page.get_by_label("TestRail", exact=True).get_by_text("Web shop · staging · Chrome").wait_for()
    page.get_by_label("PagerDuty", exact=True).get_by_text(
        "Checkout: 2 tests fail on staging"
    ).wait_for()


ROOT = Path(__file__).parents[2]
JOB = {
    "CI": "true",
    "BUILD_URL": "https://ci.example.com/storefront/118",
    "BRANCH_NAME": "main",
    "GIT_COMMIT": "4f1c9a27d3e85b60b1a6c0f9e2d7385a41bb90ce",
    "QLTY_ENVIRONMENT": "staging",
}


def test_the_demos_run_arrives_and_is_shown(
    page: Any, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(ROOT)
    from scripts.demo.world import project, service, suite

    with project() as folder, service(folder) as shop:
        variables = {**JOB, **sandbox.env, "STOREFRONT_URL": shop}
        suite(folder, variables, ("-q", "--report-to", "slack,testrail,pagerduty"))
    page.goto(sandbox.url)
    page.get_by_label("Slack", exact=True).get_by_text("tests failed").first.wait_for()
    page.get_by_label("TestRail", exact=True).locator(".st-failed").first.wait_for()
    page.get_by_label("PagerDuty", exact=True).get_by_text(
        "one double click, two orders"
    ).first.wait_for()
    # QLTY_PICTURE=docs/sandbox.png takes the picture of the README anew.
    picture = Path(os.environ.get("QLTY_PICTURE") or tmp_path / "overview.png")
    page.wait_for_timeout(300)
    page.screenshot(path=picture)
    assert picture.stat().st_size > 50_000


def test_nothing_is_loaded_from_elsewhere(page: Any, sandbox: Sandbox, evening: Evening) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for path in ("", "/inbox/slack", f"/inbox/testrail/runs/{evening.run_id}", "/inbox/pagerduty"):
        page.goto(sandbox.url + path)
    assert asked
    assert all(url.startswith(sandbox.url) for url in asked)


def test_a_new_message_appears_by_itself(page: Any, sandbox: Sandbox, sender: Evening) -> None:
    page.goto(f"{sandbox.url}/inbox/slack/{CHANNEL}")
    page.get_by_text("No messages in this channel").wait_for()
    sender.slack("chat.postMessage", channel=CHANNEL, text="here *now*")
    page.locator(".msg-body b", has_text="now").wait_for()


def test_an_update_changes_the_message_in_place(
    page: Any, sandbox: Sandbox, sender: Evening
) -> None:
    ts = sender.slack("chat.postMessage", channel=CHANNEL, text="running")["ts"]
    page.goto(f"{sandbox.url}/inbox/slack/{CHANNEL}")
    page.get_by_text("running").wait_for()
    sender.slack("chat.update", channel=CHANNEL, ts=ts, text="finished")
    page.get_by_text("finished").wait_for()
    page.get_by_text("(edited)").wait_for()
    assert page.locator(".msg").count() == 1


SCRIPT = "<script>window.owned=1</script><img src=x onerror=window.owned=1>"


def test_markup_in_a_tests_name_does_nothing(page: Any, sandbox: Sandbox, sender: Evening) -> None:
    sender.slack("chat.postMessage", channel=CHANNEL, text=f"test_{SCRIPT} failed")
    sender.incident(SCRIPT, "XIXOOXZ", body={"type": "incident_body", "details": SCRIPT})
    run = {"suite_id": 1, "name": SCRIPT, "include_all": False, "case_ids": [1]}
    run_id = sender.testrail("add_run/1", run)["id"]
    result = {"case_id": 1, "status_id": 5, "comment": SCRIPT}
    sender.testrail(f"add_results_for_cases/{run_id}", {"results": [result]})
    for path in (
        "",
        "/inbox/slack",
        f"/inbox/testrail/runs/{run_id}",
        "/inbox/pagerduty",
        "/inbox/calls/1",
    ):
        page.goto(sandbox.url + path)
        page.wait_for_timeout(100)
        assert page.evaluate("window.owned") is None
        assert page.locator("main script, main img[src=x]").count() == 0
        assert "<script>" in page.locator("main").inner_text()


def test_a_link_to_a_script_is_no_link(page: Any, sandbox: Sandbox, sender: Evening) -> None:
    text = "<javascript:alert(1)|click> <data:text/html,x|there>"
    sender.slack("chat.postMessage", channel=CHANNEL, text=text)
    page.goto(f"{sandbox.url}/inbox/slack/{CHANNEL}")
    page.locator(".msg-body").wait_for()
    assert page.locator(".msg-body a").count() == 0


def test_a_chaos_switch_works_and_shows(page: Any, sandbox: Sandbox, sender: Evening) -> None:
    page.goto(f"{sandbox.url}/inbox/chaos")
    switch = page.locator("fieldset", has_text="Slack").get_by_text("Answers 503")
    switch.click()
    page.get_by_text("chaos is on").wait_for()
    answer = sender.slack("chat.postMessage", channel=CHANNEL, text="t")
    assert answer["error"] == "service_unavailable"
    page.locator(".switch.on").click()
    page.locator(".chip.chaos").wait_for(state="detached")
    assert sender.slack("chat.postMessage", channel=CHANNEL, text="t")["ok"]


def test_bad_rules_are_refused_beside_the_field(page: Any, sandbox: Sandbox) -> None:
    page.goto(f"{sandbox.url}/inbox/chaos")
    page.on("console", lambda _: None)
    page.get_by_label("Rules in force").fill("{")
    page.get_by_role("button", name="Put in force").click()
    page.locator("#rules-error", has_text="JSON").wait_for()


def test_search_narrows_the_page(page: Any, sandbox: Sandbox, evening: Evening) -> None:
    page.goto(f"{sandbox.url}/inbox/pagerduty")
    assert page.locator(".incident").count() == 3
    page.keyboard.press("/")
    page.keyboard.type("signin")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=signin")
    assert page.locator(".incident").count() == 1


def test_keys_choose_and_open(page: Any, sandbox: Sandbox, evening: Evening) -> None:
    page.goto(f"{sandbox.url}/inbox/testrail")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert page.locator(".chosen").get_attribute("id") == f"r{evening.run_id}"
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/runs/{evening.run_id}")


def test_the_help_opens_with_a_question_mark(page: Any, sandbox: Sandbox) -> None:
    page.goto(sandbox.url)
    page.keyboard.press("?")
    page.locator("dialog[open]", has_text="next, previous").wait_for()


def test_a_testrail_link_in_a_message_opens_the_run(
    page: Any, sandbox: Sandbox, evening: Evening
) -> None:
    page.goto(f"{sandbox.url}/testrail/index.php?/runs/view/{evening.run_id}")
    page.locator(".st-failed").first.wait_for()
    assert page.url.endswith(f"/inbox/testrail/runs/{evening.run_id}")


def test_a_refused_call_is_red_with_its_reason(
    page: Any, sandbox: Sandbox, evening: Evening
) -> None:
    page.goto(f"{sandbox.url}/inbox/calls?ok=0")
    row = page.locator("tr.refused", has_text="no more than 50 items allowed")
    row.locator("a").click()
    page.get_by_text("invalid_blocks: no more than 50 items allowed").wait_for()


def test_what_was_opened_stays_open_when_news_come(
    page: Any, sandbox: Sandbox, evening: Evening
) -> None:
    page.goto(f"{sandbox.url}/inbox/slack/{CHANNEL}")
    page.locator("details.more summary").first.click()
    evening.slack("chat.postMessage", channel=CHANNEL, text="one more")
    page.get_by_text("one more").wait_for()
    assert page.locator("details.more").first.get_attribute("open") is not None


def test_clear_all_empties_the_inbox(page: Any, sandbox: Sandbox, evening: Evening) -> None:
    page.goto(sandbox.url)
    page.get_by_role("button", name="Clear all").click()
    page.get_by_text("Nothing has arrived yet").wait_for()
    assert sandbox.calls == []


def test_dark_and_light_differ(chromium: Any, sandbox: Sandbox) -> None:
    colours = []
    for scheme in ("light", "dark"):
        context = chromium.new_context(color_scheme=scheme)
        opened = context.new_page()
        opened.goto(sandbox.url)
        colours.append(opened.evaluate("getComputedStyle(document.body).backgroundColor"))
        context.close()
    assert colours[0] != colours[1]


def test_the_page_fits_a_phone(chromium: Any, sandbox: Sandbox, evening: Evening) -> None:
    context = chromium.new_context(viewport={"width": 390, "height": 800})
    opened = context.new_page()
    opened.goto(sandbox.url)
    overflow = opened.evaluate("document.documentElement.scrollWidth - innerWidth")
    context.close()
    assert overflow <= 0
