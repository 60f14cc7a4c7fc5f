"""The JSON API against the OpenAPI document that describes it."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from qlty.sandbox import _api, _seed
from qlty.sandbox._hiding import Hider
from qlty.sandbox._world import World

if TYPE_CHECKING:
    from tests.sandbox.conftest import Evening, Http

DOCUMENT = json.loads((Path(_api.__file__).parent / "openapi.json").read_text())
LISTS = sorted(
    path
    for path, item in DOCUMENT["paths"].items()
    if "get" in item
    and "{" not in path
    and "application/json" in item["get"]["responses"]["200"]["content"]
)


def validate(path: str, status: str, data: object, method: str = "get") -> None:
    answer = DOCUMENT["paths"][path][method]["responses"][status]
    schema = answer["content"]["application/json"]["schema"]
    checker = Draft202012Validator({**schema, "components": DOCUMENT["components"]})
    assert [error.message for error in checker.iter_errors(data)] == []


def test_the_document_names_every_route() -> None:
    routes = {route.path.replace(":int", "") for route in _api.routes(World(_seed.load()))}
    assert routes <= set(DOCUMENT["paths"])


@pytest.mark.parametrize("path", LISTS)
def test_answers_have_the_documents_shape(http: Http, evening: Evening, path: str) -> None:
    answer = http("GET", path)
    assert answer.status == 200
    validate(path, "200", answer.json)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/api/slack/messages", "messages"),
        ("/api/testrail/runs", "runs"),
        ("/api/pagerduty/incidents", "incidents"),
        ("/api/pagerduty/events", "events"),
        ("/api/hooks", "hooks"),
        ("/api/calls", "calls"),
    ],
)
def test_the_evening_is_all_there(http: Http, evening: Evening, path: str, name: str) -> None:
    expected = {"messages": 6, "runs": 2, "incidents": 3, "events": 2, "hooks": 1, "calls": 27}
    assert len(http("GET", path).json[name]) == expected[name]


def test_one_call_is_shown_whole(http: Http, evening: Evening) -> None:
    answer = http("GET", "/api/calls/1").json
    validate("/api/calls/{number}", "200", answer)
    assert json.loads(answer["body"])["name"] == "Web shop · nightly"


def test_an_unknown_call_is_404(http: Http) -> None:
    answer = http("GET", "/api/calls/999")
    assert answer.status == 404
    validate("/api/calls/{number}", "404", answer.json)


@pytest.mark.parametrize(
    ("query", "count"),
    [("service=hook", 1), ("ok=0", 5), ("ok=1", 22), ("q=no+more+than+50", 1), ("after=26", 1)],
)
def test_calls_can_be_filtered(http: Http, evening: Evening, query: str, count: int) -> None:
    assert len(http("GET", f"/api/calls?{query}").json["calls"]) == count


def test_a_bad_filter_is_refused(http: Http) -> None:
    answer = http("GET", "/api/calls?after=x")
    assert answer.status == 400
    validate("/api/calls", "400", answer.json)


def test_chaos_is_taken_as_the_document_says(http: Http) -> None:
    example = DOCUMENT["paths"]["/api/chaos"]["put"]["requestBody"]["content"]["application/json"]
    answer = http("PUT", "/api/chaos", example["example"])
    assert answer.status == 200
    validate("/api/chaos", "200", http("GET", "/api/chaos").json)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"slack": 1}'])
def test_bad_chaos_is_refused(http: Http, body: bytes) -> None:
    answer = http("PUT", "/api/chaos", body)
    assert answer.status == 400
    validate("/api/chaos", "400", answer.json, "put")


def test_messages_can_be_asked_for_by_thread(http: Http, evening: Evening) -> None:
    parent = http("GET", "/api/slack/messages").json["messages"][1]["ts"]
    found = http("GET", f"/api/slack/messages?thread_ts={parent}").json["messages"]
    assert len(found) == 3


def test_credentials_that_are_no_dummies_are_masked(http: Http) -> None:
    secret = {"Authorization": "Bearer xoxb-123-very-secret", "X-Other": "xoxp-9-secret"}
    http("POST", "/hook/x", b"token=xoxb-123-very-secret", secret)
    text = http("GET", "/api/calls").body.decode()
    assert "secret" not in text


HEX = "0123456789abcdef" * 2


@pytest.mark.parametrize(
    ("path", "body", "headers", "secret"),
    [
        ("/pagerduty-events/v2/enqueue", {"routing_key": HEX, "payload": {}}, {}, HEX),
        ("/pagerduty-events/v2/enqueue", {"client": f'{{"routing_key": "{HEX}"}}'}, {}, HEX),
        ("/hook/integration/" + HEX + "/enqueue", {}, {}, HEX),
        ("/slack/services/T12345/B12345/realhook99", {"text": "x"}, {}, "realhook99"),
        ("/hook/triggers/T12345/98765/realhook99", {"text": "x"}, {}, "realhook99"),
        ("/hook/x", {"text": "xapp-1-A012-34-abcdef"}, {}, "A012-34-abcdef"),
        ("/hook/x", {}, {"X-Auth": "open-sesame"}, "open-sesame"),
        ("/hook/x", {}, {"X-Api-Token": "open-sesame"}, "open-sesame"),
        ("/hook/x", {}, {"Authorization": "Token token=open-sesame"}, "open-sesame"),
        ("/hook/x", b"user=me&password=open-sesame&x=1", {}, "open-sesame"),
        ("/hook/x?api_key=open-sesame", {}, {}, "open-sesame"),
    ],
)
def test_no_real_credential_is_shown_or_kept(
    http: Http, path: str, body: object, headers: dict[str, str], secret: str
) -> None:
    http("POST", path, body, headers)
    [call] = http("GET", "/api/calls").json["calls"]
    shown = http("GET", f"/api/calls/{call['id']}").body.decode()
    assert secret not in shown
    assert "***" in shown


def test_what_only_looks_like_a_credential_stays(http: Http) -> None:
    body = {"author": "me", "incident_key": "shop/cart", "token": None, "secretary": "you"}
    http("POST", "/hook/x", body, {"Idempotency-Key": "order-7"})
    [call] = http("GET", "/api/calls").json["calls"]
    shown = http("GET", f"/api/calls/{call['id']}").body.decode()
    assert "***" not in shown


def test_hiding_takes_time_that_grows_with_the_text_alone() -> None:
    hider = Hider([])
    for text in ("a" * 64_000, "token" * 12_000, 'key":' * 12_000, "/services/" * 6_000):
        started = time.perf_counter()
        hider.text(text)
        assert time.perf_counter() - started < 1


def test_dummy_credentials_are_shown(http: Http) -> None:
    http("POST", "/slack/api/auth.test", {}, {"Authorization": "Bearer xoxb-sandbox-token"})
    [call] = http("GET", "/api/calls").json["calls"]
    assert call["headers"]["authorization"] == "Bearer xoxb-sandbox-token"


PAGES = ["/", "/inbox/slack", "/inbox/testrail", "/inbox/pagerduty", "/inbox/calls", "/inbox/chaos"]


@pytest.mark.parametrize(
    "path", [*PAGES, "/inbox/connect", "/inbox/hooks", "/inbox/slack/C0ONCALL1"]
)
def test_pages_forbid_everything_from_elsewhere(http: Http, evening: Evening, path: str) -> None:
    answer = http("GET", path)
    policy = answer.headers["content-security-policy"]
    assert answer.status == 200
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert b"style=" not in answer.body
    assert answer.body.count(b"<script") == 1


@pytest.mark.parametrize(
    "path", ["/inbox/calls/99", "/inbox/testrail/runs/99", "/inbox/slack/C404"]
)
def test_a_missing_thing_is_a_page_with_404(http: Http, path: str) -> None:
    answer = http("GET", path)
    assert (answer.status, b"no longer kept" in answer.body) == (404, True)


def test_an_uploaded_page_is_saved_and_never_run(http: Http, sender: Any) -> None:
    run = sender.testrail("add_run/1", {"suite_id": 1, "name": "n"})["id"]
    body = b'--x\r\nContent-Disposition: form-data; name="attachment"; filename="a.html"\r\n\r\n<script>1</script>\r\n--x--\r\n'
    headers = {**QA, "Content-Type": "multipart/form-data; boundary=x"}
    http("POST", f"/testrail/index.php?/api/v2/add_attachment_to_run/{run}", body, headers)
    answer = http("GET", "/inbox/files/testrail/1")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["content-security-policy"]


QA = {"Authorization": "Basic cWFAc2FuZGJveC50ZXN0OnNhbmRib3gtdGVzdHJhaWwta2V5"}
