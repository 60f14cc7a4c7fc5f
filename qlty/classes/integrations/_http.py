"""What the vendors' clients have in common: a request goes to the host that is set, or nowhere.

No client follows a redirect, for a credential would follow it to the other host. What is for this
machine never goes to a proxy, which could not reach it: the sandbox, and servers of a dry run.
"""

from __future__ import annotations

import ipaddress
import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from ssl import SSLContext

    from requests import Session


def is_loopback(url: str) -> bool:
    """Say whether an address is on this machine."""
    host = (urlsplit(url).hostname or "").rstrip(".").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Leave the redirect to whoever reads the answer, as an error."""


def opener(url: str, proxy: str | None, ssl: SSLContext | None) -> urllib.request.OpenerDirector:
    """Return what opens an address with ``urllib``.

    Args:
        url: where the request goes.
        proxy: through this one; ``None``: through that of the environment, if any.
        ssl: how hosts are checked.
    """
    proxies = {"http": proxy, "https": proxy} if proxy else None
    return urllib.request.build_opener(
        urllib.request.ProxyHandler({} if is_loopback(url) else proxies),
        urllib.request.HTTPSHandler(context=ssl),
        _NoRedirect(),
    )


def session() -> Session:
    """Return a session of ``requests``."""
    import requests

    class Direct(requests.Session):
        def request(self, method: Any, url: Any, **how: Any) -> Any:  # type: ignore[override]
            if is_loopback(str(url)):
                how["proxies"] = {"http": "", "https": ""}
            return super().request(method, url, **{**how, "allow_redirects": False})

    return Direct()
