"""What is not the API's answer is not believed, whichever client it reaches."""

from __future__ import annotations

import json

import pytest

from qlty.delivery import classify

CALLS = [
    "pagerduty open",
    "pagerduty note",
    "pagerduty resolve",
    "pagerduty list",
    "pagerduty trigger",
    "pagerduty resolve event",
    "pagerduty change",
    "slack post",
    "slack change",
    "slack read",
    "slack who",
    "slack webhook",
    "testrail run",
    "testrail results",
    "testrail list",
]
#: they change nothing, so there is nothing to ask for
READING = {"testrail list"}

FOREIGN = {
    "login page": (200, b"<html><title>Sign in</title></html>"),
    "page without a space": (200, b"<html></html>"),
    "login page with 202": (202, b"<html><title>Sign in</title></html>"),
    "nothing": (200, b""),
    "204": (204, b""),
    "empty object": (200, b"{}"),
    "null": (200, b"null"),
    "text": (200, b'"fine"'),
    "number": (201, b"1"),
    "list of numbers": (200, b"[1]"),
    "invalid event": (202, json.dumps({"status": "invalid event", "message": "no"}).encode()),
    "no UTF-8": (200, b"\xff\xfe{"),
    "deep": (200, b"[" * 20_000),
}


def verdict_of(call, url):
    with pytest.raises(Exception) as caught:
        call(url)
    return classify(caught.value)


@pytest.mark.parametrize("kind", FOREIGN)
@pytest.mark.parametrize("name", CALLS)
def test_an_answer_of_somebody_else_is_not_believed(calls, stranger, name, kind):
    verdict = verdict_of(calls[name], stranger(*FOREIGN[kind]).url)
    assert (verdict.action, verdict.doubt) == ("retry", 0 if name in READING else 2)


@pytest.mark.parametrize("name", [name for name in CALLS if name != "testrail list"])
def test_an_empty_list_is_not_believed(calls, stranger, name):
    if name == "testrail results":
        pytest.skip("it is as long as what was sent: tests/testrail says")
    assert verdict_of(calls[name], stranger(200, b"[]").url).action == "retry"


#: what follows from a status: sent again, asked first, refused
STATUSES = {
    302: 2,
    400: None,
    401: None,
    402: None,
    403: None,
    404: None,
    407: 0,
    408: 1,
    410: None,
    421: 0,
    425: 0,
    429: 0,
    500: 1,
    502: 1,
    503: 1,
    504: 1,
    511: 0,
    520: 1,
}


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("name", CALLS)
def test_every_client_follows_the_same_table(calls, stranger, name, status):
    verdict = verdict_of(calls[name], stranger(status, b"{}").url)
    doubt = STATUSES[status]
    if doubt is None:
        assert verdict.action == "refused"
    else:
        assert (verdict.action, verdict.doubt) == ("retry", 0 if name in READING else doubt)
    assert str(status) in verdict.reason


@pytest.mark.parametrize(("name", "doubt"), [("testrail run", 0), ("slack post", None)])
def test_a_vendor_differs_from_the_table_by_its_own_data(calls, stranger, name, doubt):
    verdict = verdict_of(calls[name], stranger(409, b"{}").url)
    assert verdict.action == ("refused" if doubt is None else "retry")


@pytest.mark.parametrize("wait", ["1e999", "94608000000", "Fri, 31 Dec 5026 23:59:59 GMT"])
@pytest.mark.parametrize("header", ["Retry-After", "ratelimit-reset"])
@pytest.mark.parametrize("name", CALLS)
def test_nobody_is_waited_for_longer_than_the_cap(calls, stranger, name, header, wait):
    url = stranger(429, b"{}", {header: wait}).url
    after = verdict_of(calls[name], url).after
    assert after == 900 or (header, after) == ("ratelimit-reset", None)
