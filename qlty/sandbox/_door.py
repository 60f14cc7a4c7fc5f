"""Who may talk to the sandbox: the Host and Origin rules, against pages that rebind DNS.

A web page on the internet can make its own name point at 127.0.0.1 and then read what a
local server says. It cannot forge the Host header, so a foreign Host is refused.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


class Door:
    """Lets a request in only if its Host is ours and its Origin, if any, is the same."""

    def __init__(self, app: ASGIApp, bound: str, names: tuple[str, ...] = ()) -> None:
        self.app = app
        self.names = {name.lower() for name in names} | {"localhost"}
        address = _address(bound)
        self.loopback = address is None or address.is_loopback

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reason = self._refusal(scope)
        if reason is None:
            await self.app(scope, receive, send)
            return
        body = f"refused: {reason}\n".encode()
        headers = [(b"content-type", b"text/plain; charset=utf-8")]
        await send({"type": "http.response.start", "status": 403, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _refusal(self, scope: Scope) -> str | None:
        hosts = [v.decode("latin-1") for n, v in scope["headers"] if n == b"host"]
        headers = {n.decode("latin-1"): v.decode("latin-1") for n, v in scope["headers"]}
        if len(hosts) != 1 or not self._is_ours(hosts[0]):
            return f"the Host {(hosts or ['(none)'])[0][:80]!r} is not this sandbox's"
        origin = headers.get("origin")
        if origin is not None and origin.lower() != f"{scope['scheme']}://{hosts[0]}".lower():
            return f"the Origin {origin[:80]!r} is foreign"
        if headers.get("sec-fetch-site") in ("cross-site", "same-site"):
            opened = headers.get("sec-fetch-mode") == "navigate" and scope["method"] == "GET"
            if not opened:
                return "a page of another site asked"
        return None

    def _is_ours(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        address = _address(name)
        if address is None:
            return name.lower() in self.names
        return address.is_loopback or not self.loopback


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
