"""The pages of the inbox: routes, headers, files, and the stream of news."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, select_autoescape
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from qlty.sandbox._world import alternatives, environment
from qlty.sandbox.inbox import _models

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from qlty.sandbox._world import World

HERE = Path(__file__).parent
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
FILE_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"


def routes(world: World) -> list[BaseRoute]:
    """The routes of the inbox."""
    pages = Pages(world)
    named: dict[str, Callable[[Request], Awaitable[Response]]] = {
        "/": pages.overview,
        "/inbox/slack": pages.slack,
        "/inbox/slack/{channel}": pages.slack,
        "/inbox/testrail": pages.testrail,
        "/inbox/testrail/runs/{number:int}": pages.run,
        "/inbox/testrail/plans/{number:int}": pages.plan,
        "/inbox/pagerduty": pages.pagerduty,
        "/inbox/pagerduty/{name}": pages.pagerduty,
        "/inbox/hooks": pages.hooks,
        "/inbox/calls": pages.calls,
        "/inbox/calls/{number:int}": pages.call,
        "/inbox/chaos": pages.chaos,
        "/inbox/connect": pages.connect,
        "/inbox/files/{service}/{name}": pages.file,
        "/api/news": pages.news,
        "/testrail/index.php": go_to_testrail,
        "/slack/archives/{channel}/{ts}": go_to_slack,
    }
    made: list[BaseRoute] = [Route(path, endpoint) for path, endpoint in named.items()]
    return [*made, Mount("/static", StaticFiles(directory=HERE / "static"))]


class Pages:
    """Each page of the inbox; templates do the rest."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.jinja = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=select_autoescape(default=True),
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.jinja.filters.update(
            breakable=_models.breakable,
            clock=_models.clock,
            moment=_models.moment,
            pretty=_models.pretty,
            size=_models.size,
        )

    def _page(self, name: str, request: Request, tab: str, **more: Any) -> Response:
        template = self.jinja.get_template(f"{name}.html")
        html = template.render(
            tab=tab,
            counts=_models.counts(self.world),
            q=request.query_params.get("q", ""),
            version=self.world.store.version,
            **more,
        )
        return HTMLResponse(html, headers=HEADERS)

    def _missing(self, request: Request, tab: str, what: str) -> Response:
        page = self._page("missing", request, tab, what=what)
        page.status_code = 404
        return page

    async def overview(self, request: Request) -> Response:
        """Everything at a glance."""
        world, query = self.world, _query(request)
        channel = _models.busiest(world)
        runs = _models.runs(world, query, most=6)
        newest = world.testrail.runs.rows.get(runs[0]["id"]) if runs else None
        return self._page(
            "overview",
            request,
            "overview",
            channel=next(each for each in _models.channels(world) if each["id"] == channel),
            threads=_models.threads(world, channel, query, 30),
            runs=runs,
            run=_models.run(world, newest) if newest else None,
            incidents=_models.incidents(world, query, most=12),
            calls=_models.calls(world, {"q": query}, most=60),
            variables=self._variables(request),
        )

    async def slack(self, request: Request) -> Response:
        """One channel."""
        channels = _models.channels(self.world)
        wanted = request.path_params.get("channel") or _models.busiest(self.world)
        channel = next((each for each in channels if each["id"] == wanted), None)
        if channel is None:
            return self._missing(request, "slack", f"no channel {wanted}")
        threads = _models.threads(self.world, wanted, _query(request))
        return self._page(
            "slack", request, "slack", channels=channels, channel=channel, threads=threads
        )

    async def testrail(self, request: Request) -> Response:
        """All runs."""
        return self._page(
            "testrail", request, "testrail", runs=_models.runs(self.world, _query(request))
        )

    async def run(self, request: Request) -> Response:
        """One run as a table."""
        number = request.path_params["number"]
        row = self.world.testrail.runs.rows.get(number)
        if row is None:
            return self._missing(request, "testrail", f"no run R{number}")
        return self._page(
            "run", request, "testrail", run=_models.run(self.world, row, _query(request))
        )

    async def plan(self, request: Request) -> Response:
        """The runs of one plan."""
        number = request.path_params["number"]
        plan = self.world.testrail.plans.rows.get(number)
        if plan is None:
            return self._missing(request, "testrail", f"no plan R{number}")
        runs = _models.runs(self.world, _query(request), number)
        return self._page("testrail", request, "testrail", runs=runs, plan=plan)

    async def pagerduty(self, request: Request) -> Response:
        """All incidents, or one."""
        name = request.path_params.get("name")
        if name is None:
            found = _models.incidents(self.world, _query(request))
            return self._page("pagerduty", request, "pagerduty", incidents=found, alone=False)
        row = self.world.pagerduty.account.find(name)
        if row is None:
            return self._missing(request, "pagerduty", f"no incident {name}")
        found = [_models.incident(self.world, row)]
        return self._page("pagerduty", request, "pagerduty", incidents=found, alone=True)

    async def hooks(self, request: Request) -> Response:
        """What the catcher caught."""
        rows = _models.calls(self.world, {"service": "hook", "q": _query(request)})
        return self._page("hooks", request, "hooks", calls=rows, root=_root(request))

    async def calls(self, request: Request) -> Response:
        """Every call, newest first."""
        given = {name: request.query_params.get(name, "") for name in ("service", "ok", "before")}
        filters = {name: value for name, value in given.items() if value}
        rows = _models.calls(self.world, {**filters, "q": _query(request)})
        full = len(rows) == _models.CALLS_SHOWN
        return self._page(
            "calls",
            request,
            "calls",
            calls=rows,
            filters=given,
            older=rows[-1]["id"] if full else 0,
        )

    async def call(self, request: Request) -> Response:
        """One call, whole."""
        number = request.path_params["number"]
        row = self.world.recorder.table.get(number)
        if row is None:
            return self._missing(request, "calls", f"no call {number}")
        return self._page("call", request, "calls", call=row)

    async def chaos(self, request: Request) -> Response:
        """The switches."""
        rules = self.world.chaos.shown()
        counted = ("seen", "hits")
        given = {
            name: {k: v for k, v in rule.items() if k not in counted}
            for name, rule in rules.items()
        }
        return self._page("chaos", request, "chaos", rules=rules, given=given)

    async def connect(self, request: Request) -> Response:
        """How to point something here."""
        more = alternatives(self.world.seed, _root(request))
        variables = self._variables(request)
        return self._page("connect", request, "connect", variables=variables, more=more)

    async def file(self, request: Request) -> Response:
        """An uploaded file: a picture to look at, anything else to save."""
        service, name = request.path_params["service"], request.path_params["name"]
        data, filename = self._content(service, name)
        if data is None:
            return self._missing(request, service, f"no file {name}")
        kind = _models.picture_type(data)
        how = "inline" if kind else "attachment"
        headers = {
            **HEADERS,
            "content-security-policy": FILE_POLICY,
            "content-disposition": f"{how}; filename*=UTF-8''{quote(filename)}",
        }
        return Response(data, headers=headers, media_type=kind or "application/octet-stream")

    def _content(self, service: str, name: str) -> tuple[bytes | None, str]:
        if service == "slack":
            row = self.world.slack.space.files.get(name)
            data = self.world.slack.space.contents.get(name)
        else:
            row = self.world.testrail.results.files.get(name)
            data = self.world.testrail.results.contents.get(name)
        return data, str(row["name"]) if row else ""

    async def news(self, request: Request) -> Response:
        """Server-sent events: the version, whenever it changes."""

        async def stream() -> AsyncIterator[str]:
            seen = -1
            while not await request.is_disconnected():
                if seen != self.world.store.version:
                    seen = self.world.store.version
                    yield f"data: {seen}\n\n"
                else:
                    yield ": still here\n\n"
                if seen == self.world.store.version:
                    await self.world.news(15)

        return StreamingResponse(stream(), headers=HEADERS, media_type="text/event-stream")

    def _variables(self, request: Request) -> dict[str, str]:
        return environment(self.world.seed, _root(request))


def _root(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _query(request: Request) -> str:
    return request.query_params.get("q", "").strip().lower()[:200]


async def go_to_testrail(request: Request) -> Response:
    """`index.php?/runs/view/7`, which TestRail's answers link to."""
    kind, _, number = request.url.query.strip("/").partition("/view/")
    number = number if number.isascii() and number.isdigit() else ""
    return RedirectResponse(f"/inbox/testrail/{kind}/{number}" if number else "/inbox/testrail")


async def go_to_slack(request: Request) -> Response:
    """A permalink of Slack."""
    channel, ts = request.path_params["channel"], request.path_params["ts"]
    return RedirectResponse(f"/inbox/slack/{quote(channel)}#m{quote(ts.lstrip('p'))}")
