"""Many requests: in a row, at once, and more than is kept."""

from __future__ import annotations

import http.client
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from qlty.sandbox import Sandbox, start

if TYPE_CHECKING:
    from tests.sandbox.conftest import Http

HEADERS = {"Authorization": "Bearer xoxb-sandbox-token", "Content-Type": "application/json"}


def post_many(url: str, texts: list[str]) -> list[str]:
    """Posts over one connection; returns each ts."""
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(url).port, timeout=120)
    found = []
    for text in texts:
        body = json.dumps({"channel": "C0SANDBOX", "text": text})
        connection.request("POST", "/slack/api/chat.postMessage", body, HEADERS)
        found.append(json.load(connection.getresponse())["ts"])
    connection.close()
    return found


def test_5000_posts_in_a_row_are_all_kept(sandbox: Sandbox) -> None:
    texts = [str(number) for number in range(5000)]
    stamps = post_many(sandbox.url, texts)
    assert [each["text"] for each in sandbox.slack.messages] == texts
    assert len(sandbox.calls) == 5000
    assert sorted(set(stamps)) == stamps


def test_50_at_once_are_all_kept(sandbox: Sandbox) -> None:
    with ThreadPoolExecutor(50) as pool:
        work = [[f"{who}-{number}" for number in range(10)] for who in range(50)]
        stamps = [
            ts
            for found in pool.map(lambda texts: post_many(sandbox.url, texts), work)
            for ts in found
        ]
    kept = {each["text"] for each in sandbox.slack.messages}
    assert kept == {text for texts in work for text in texts}
    assert len(set(stamps)) == 500


def test_beyond_the_cap_the_oldest_leave_and_are_counted(raw_http: type[Http]) -> None:
    with start("--keep", "100") as small:
        post_many(small.url, [str(number) for number in range(250)])
        texts = [each["text"] for each in small.slack.messages]
        state = raw_http(small.url)("GET", "/api/state").json["tables"]["slack_messages"]
    assert texts == [str(number) for number in range(150, 250)]
    assert (state["rows"], state["dropped"]) == (100, 150)


def resident(pid: int) -> int:
    """Bytes of memory that a process holds."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
def test_large_bodies_do_not_pile_up_in_memory(raw_http: type[Http]) -> None:
    with start() as sandbox:
        http = raw_http(sandbox.url)
        pid = http("GET", "/api/state").json["pid"]
        body = b"x" * 2_000_000
        for _ in range(20):
            http("POST", "/hook/x", body)
        before = resident(pid)
        for _ in range(200):
            http("POST", "/hook/x", body)
        grown = resident(pid) - before
    # 400 MB came; what is kept of each call is at most 64 KiB.
    assert grown < 60_000_000


def test_a_bulk_of_2000_results_is_stored_whole(http: Http, sandbox: Sandbox) -> None:
    key = {"Authorization": "Basic cWFAc2FuZGJveC50ZXN0OnNhbmRib3gtdGVzdHJhaWwta2V5"}
    api = "/testrail/index.php?/api/v2/"
    run = http("POST", f"{api}add_run/1", {"suite_id": 1, "name": "n"}, key).json["id"]
    results = [{"case_id": n % 34 + 1, "status_id": 5, "comment": "x" * 4000} for n in range(2000)]
    answer = http("POST", f"{api}add_results_for_cases/{run}", {"results": results}, key)
    assert len(answer.json) == 2000
    assert len(sandbox.testrail.runs[0]["results"]) == 2000
