"""A request goes to the host that is set, and nowhere else."""

from __future__ import annotations

import contextlib

import pytest

from qlty.classes.integrations._http import is_loopback
from tests.integrations.test_answers import CALLS


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("name", CALLS)
def test_no_client_follows_a_redirect_to_another_host(calls, stranger, name, status):
    other = stranger(200, b"{}")
    first = stranger(status, b"", {"Location": f"{other.url}/elsewhere"})
    with pytest.raises(Exception, match=str(status)):
        calls[name](first.url)
    assert len(first.asked) == 1
    assert other.asked == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("name", CALLS)
def test_what_is_for_this_machine_never_goes_to_a_proxy(calls, stranger, monkeypatch, name, host):
    proxy, here = stranger(502), stranger(200, b"{}")
    for variable in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(variable, proxy.url)
        monkeypatch.setenv(variable.lower(), proxy.url)
    for variable in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(variable, raising=False)
    with contextlib.suppress(Exception):
        calls[name](here.url.replace("127.0.0.1", host))
    assert len(here.asked) == 1
    assert proxy.asked == []


@pytest.mark.parametrize("name", CALLS)
def test_everything_else_goes_to_the_proxy(calls, stranger, monkeypatch, name):
    proxy = stranger(502)
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    monkeypatch.setenv("https_proxy", proxy.url)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with contextlib.suppress(Exception):
        calls[name]("https://vendor.invalid")
    assert proxy.asked[0][0] == "CONNECT"


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:1/x", True),
        ("http://127.8.9.10", True),
        ("http://[::1]:8080/", True),
        ("https://localhost/", True),
        ("http://LOCALHOST.:80", True),
        ("http://shop.localhost", True),
        ("http://localhost.example.com", False),
        ("http://127.0.0.1.example.com", False),
        ("https://slack.com/api/", False),
        ("http://10.0.0.1", False),
        ("", False),
    ],
)
def test_which_addresses_are_on_this_machine(url, here):
    assert is_loopback(url) is here
