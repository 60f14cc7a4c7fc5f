"""The whole sandbox as one ASGI application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from qlty.sandbox import _api, inbox
from qlty.sandbox._door import Door
from qlty.sandbox._gate import MAX_BODY, Gate

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

    from qlty.sandbox._world import World


class Front:
    """Sends a request to a service's gate by its first path segment, else to the pages."""

    def __init__(self, gates: dict[str, Gate], pages: ASGIApp) -> None:
        self.gates, self.pages = gates, pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        first = scope["path"].split("/", 2)[1:2]
        gate = self.gates.get(first[0]) if first else None
        if gate is None or _is_page(scope):
            await self.pages(scope, receive, send)
        else:
            await gate(scope, receive, send)


def _is_page(scope: Scope) -> bool:
    """Links that the services hand out, which lead people to the inbox."""
    if scope["method"] != "GET":
        return False
    query = scope["query_string"]
    views = query.startswith((b"/runs/view/", b"/plans/view/"))
    in_testrail = scope["path"] == "/testrail/index.php" and views
    return bool(in_testrail or scope["path"].startswith("/slack/archives/"))


def build(
    world: World, bound: str, names: tuple[str, ...] = (), max_body: int = MAX_BODY
) -> ASGIApp:
    """The application for a world; `bound` is the address that it will listen on."""
    prefixes = {
        "slack": "slack",
        "testrail": "testrail",
        "pagerduty": "pagerduty",
        "pagerduty-events": "pagerduty",
        "hook": "hook",
    }
    gates = {
        prefix: Gate(world, service, f"/{prefix}", max_body) for prefix, service in prefixes.items()
    }
    routes = [
        Route("/livez", _alive),
        Route("/readyz", _alive),
        *_api.routes(world),
        *inbox.routes(world),
    ]
    return Door(Front(gates, Starlette(routes=routes)), bound, names)


async def _alive(_request: Request) -> Response:
    return PlainTextResponse("ok\n")
