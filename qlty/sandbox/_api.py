"""The sandbox's own JSON API: what was received, chaos, reset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.responses import FileResponse, JSONResponse
from starlette.routing import Route

from qlty.sandbox import _views
from qlty.sandbox._chaos import ChaosError
from qlty.sandbox._gate import TooLargeError, read_body
from qlty.sandbox._wire import parse_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from qlty.sandbox._world import World

MAX_BODY = 1024 * 1024


def routes(world: World) -> list[Route]:
    """The routes below `/api`."""
    lists: dict[str, Callable[[World, dict[str, str]], Any]] = {
        "/api/slack/messages": _views.messages,
        "/api/slack/channels": _views.channels,
        "/api/slack/files": _views.files,
        "/api/testrail/runs": _views.runs,
        "/api/testrail/plans": _views.plans,
        "/api/testrail/cases": _views.cases,
        "/api/pagerduty/incidents": _views.incidents,
        "/api/pagerduty/events": _views.events,
        "/api/hooks": _views.hooks,
        "/api/calls": _views.calls,
        "/api/state": _views.state,
        "/api/env": _views.env,
    }
    made = [Route(path, _reading(world, view)) for path, view in lists.items()]
    return [
        *made,
        Route("/api/calls/{number:int}", _one_call(world)),
        Route("/api/chaos", _chaos(world), methods=["GET", "PUT", "POST"]),
        Route("/api/reset", _reset(world), methods=["POST"]),
        Route("/api/openapi.json", _openapi),
    ]


def _reading(world: World, view: Callable[[World, dict[str, str]], Any]) -> Any:
    async def endpoint(request: Request) -> Response:
        try:
            filters = {**request.query_params, "root": str(request.base_url).rstrip("/")}
            return JSONResponse(view(world, filters))
        except _views.FilterError as error:
            return JSONResponse({"error": str(error)}, 400)

    return endpoint


def _one_call(world: World) -> Any:
    async def endpoint(request: Request) -> Response:
        row = world.recorder.table.get(request.path_params["number"])
        if row is None:
            return JSONResponse({"error": "no such call, or no longer kept"}, 404)
        return JSONResponse(row)

    return endpoint


def _chaos(world: World) -> Any:
    async def endpoint(request: Request) -> Response:
        if request.method != "GET":
            try:
                world.chaos.set(await _json(request))
            except (ChaosError, ValueError) as error:
                return JSONResponse({"error": str(error)}, 400)
            except TooLargeError:
                return JSONResponse({"error": "too large"}, 413)
            world.commit()
        return JSONResponse({"chaos": world.chaos.shown()})

    return endpoint


async def _json(request: Request) -> Any:
    body = await read_body(dict(request.headers), request.receive, MAX_BODY)
    try:
        return parse_json(body.decode("utf-8"))
    except ValueError as error:
        raise ValueError(f"the body is not JSON: {error}") from error


async def _openapi(_request: Request) -> Response:
    return FileResponse(Path(__file__).with_name("openapi.json"), media_type="application/json")


def _reset(world: World) -> Any:
    async def endpoint(_request: Request) -> Response:
        world.reset()
        return JSONResponse({"ok": True})

    return endpoint
