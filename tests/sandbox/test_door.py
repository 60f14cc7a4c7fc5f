"""Who may talk to the sandbox, and how much."""

from __future__ import annotations

import http.client
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from qlty.sandbox import start

if TYPE_CHECKING:
    from qlty.sandbox import Sandbox
    from tests.sandbox.conftest import Http

FOREIGN = [
    "evil.example",
    "evil.example:80",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "[bad",
    "10.0.0.7",
]


@pytest.mark.parametrize("host", FOREIGN)
def test_a_foreign_host_is_refused(http: Http, host: str) -> None:
    assert http("GET", "/api/calls", headers={"Host": host}).status == 403


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:1234", "127.0.0.1", "127.9.9.9", "[::1]:80"]
)
def test_a_loopback_host_is_let_in(http: Http, host: str) -> None:
    assert http("GET", "/livez", headers={"Host": host}).status == 200


@pytest.mark.parametrize("path", ["/api/reset", "/slack/api/auth.test", "/hook/x"])
@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
def test_a_foreign_origin_is_refused(http: Http, path: str, origin: str) -> None:
    assert http("POST", path, {}, {"Origin": origin}).status == 403


def test_the_own_origin_is_let_in(http: Http) -> None:
    assert http("POST", "/api/reset", {}, {"Origin": http.url}).status == 200


def test_a_picture_on_another_site_reads_nothing(http: Http) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    assert http("GET", "/hook/x", headers=headers).status == 403


def test_a_link_from_another_site_opens(http: Http) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert http("GET", "/livez", headers=headers).status == 200


def test_a_refused_request_is_not_recorded(http: Http, sandbox: Sandbox) -> None:
    http("POST", "/hook/x", {}, {"Host": "evil.example"})
    assert sandbox.calls == []


def test_only_the_one_loopback_address_is_bound(sandbox: Sandbox) -> None:
    # A server on all addresses would answer here too.
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.2", urlsplit(sandbox.url).port or 0), timeout=5)


@pytest.mark.parametrize("path", ["/hook/x", "/slack/api/chat.postMessage"])
def test_a_body_over_the_cap_is_refused_by_its_announcement(http: Http, path: str) -> None:
    parts = urlsplit(http.url)
    connection = http_connection(parts.port)
    connection.putrequest("POST", path)
    connection.putheader("Content-Length", str(10**12))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


def http_connection(port: int | None) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", port, timeout=60)


def test_a_chunked_body_over_the_cap_is_refused(http: Http) -> None:
    connection = http_connection(urlsplit(http.url).port)
    pieces = (b"x" * 1_000_000 for _ in range(40))
    try:
        connection.request(
            "POST", "/hook/x", pieces, encode_chunked=True, headers={"Transfer-Encoding": "chunked"}
        )
        assert connection.getresponse().status == 413
    except (BrokenPipeError, ConnectionResetError):
        pass
    finally:
        connection.close()
    [call] = http("GET", "/api/hooks").json["hooks"]
    assert (call["status"], call["ok"], call["body"]) == (413, False, "")


def test_a_wider_host_takes_addresses_and_names_that_are_allowed(raw_http: type[Http]) -> None:
    with start("--host", "0.0.0.0", "--allow-host", "sandbox") as wide:
        http = raw_http(wide.url)
        hosts = ["10.0.0.7:99", "sandbox:99", "evil.example"]
        answers = [http("GET", "/livez", headers={"Host": each}).status for each in hosts]
    assert answers == [200, 200, 403]
