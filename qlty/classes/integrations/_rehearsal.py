"""A dry run's remote: a server on loopback that keeps every request and lets no one else have it.

Why a server and not a recorder inside the clients: Slack's client is built on urllib, the others on
requests, and a project's own on what it likes. A recorder in each would show what we believe that
a client sends. Here the very code that delivers runs with its own client, and what is shown is what
came over the wire; only the address that it is sent to differs. The integration itself says how its
remote would answer (:meth:`ConfiguredIntegration.rehearse`), for a second request depends on the
first answer.
"""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from qlty.settings import SecretUrl, Url

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from http.server import BaseHTTPRequestHandler
    from typing import TypeVar

    from qlty.settings import IntegrationSettings

    Settings = TypeVar("Settings", bound=IntegrationSettings)

#: the client must reach the loopback server itself, and not ask a proxy for it
NO_PROXY = "127.0.0.1"


@dataclass(frozen=True)
class Request:
    """One request, as it would have arrived at the remote.

    Attributes:
        integration: the name of the integration that made it.
        method: such as ``POST``.
        url: the remote's own address.
        headers: as sent, in order; ``Host`` is the remote's.
        body: as sent.
        here: turns an address of the remote into one that stays on this machine, for answers that
            tell the client where to go next.
    """

    integration: str
    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    here: Callable[[str], str]

    @property
    def path(self) -> str:
        """The path of the address."""
        return urlsplit(self.url).path

    def fields(self) -> dict[str, Any]:
        """Return the arguments: of the query, and of a body that is a form or a JSON object."""
        found: dict[str, Any] = dict(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))
        text = self.body.decode("utf-8", "replace")
        if text.startswith("{"):
            return {**found, **json.loads(text)}
        return {**found, **dict(parse_qsl(text, keep_blank_values=True))}


#: Answers with JSON (or text) and the status 200, or with the status that comes first.
Answer = Any


class Recorder:
    """Receives what integrations send while the block runs.

    Attributes:
        requests: what was sent, in order.
    """

    def __init__(self, answerers: Mapping[str, Callable[[Request], Answer]]) -> None:
        self.requests: list[Request] = []
        self._answerers = answerers
        self._lock = threading.Lock()

    def __enter__(self) -> Recorder:
        """Listen on a free port of 127.0.0.1."""
        from http.server import ThreadingHTTPServer

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), name="qlty-rehearsal", daemon=True
        )
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Close the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def root(self) -> str:
        """The server's own address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def redirect(self, settings: Settings, integration: str) -> Settings:
        """Return the settings with every address turned into one of this server."""
        import msgspec

        changes: dict[str, Any] = {}
        for name in settings.__struct_fields__:
            value = getattr(settings, name)
            if isinstance(value, SecretUrl):
                changes[name] = SecretUrl(self.here(value.reveal(), integration))
            elif isinstance(value, Url):
                changes[name] = Url(self.here(value, integration))
        return msgspec.structs.replace(settings, **changes)

    def here(self, url: str, integration: str) -> str:
        """Turn an address into one of this server that says where it comes from."""
        scheme, _, rest = url.partition("://")
        return f"{self.root}/{integration}/{scheme}/{rest}"

    def answer(self, method: str, path: str, headers: list[tuple[str, str]], body: bytes) -> Answer:
        """Keep a request and answer it as its remote would."""
        _, integration, scheme, rest = path.split("/", 3)
        request = self._restored(integration, method, f"{scheme}://{rest}", headers, body)
        with self._lock:
            self.requests.append(request)
            found = self._answerers[integration](request)
        return (404, {"error": "not rehearsed"}) if found is None else found

    def _restored(
        self, integration: str, method: str, url: str, headers: list[tuple[str, str]], body: bytes
    ) -> Request:
        """Put the remotes' addresses back where clients were given ours."""
        ours = re.compile(rf"{re.escape(self.root)}/[^/]+/(https?)/".encode())
        host = urlsplit(url).netloc
        shown = tuple((n, host if n.lower() == "host" else value) for n, value in headers)
        here = partial(self.here, integration=integration)
        return Request(integration, method, url, shown, ours.sub(rb"\1://", body), here)


def _handler(recorder: Recorder) -> type[BaseHTTPRequestHandler]:
    from http.server import BaseHTTPRequestHandler

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            """Stay quiet."""

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answer = recorder.answer(self.command, self.path, self.headers.items(), body)
            status, content = answer if isinstance(answer, tuple) else (200, answer)
            is_text = isinstance(content, str)
            data = (content if is_text else json.dumps(content)).encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/plain" if is_text else "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - http.server's names

    return Handler
