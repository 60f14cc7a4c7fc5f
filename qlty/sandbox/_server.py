"""The process that serves: socket, uvicorn, and the watch over the parent."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from starlette.types import ASGIApp


class _Protocol(H11Protocol):
    """h11 as it is, and the transport in the scope's state: chaos cuts connections."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; raises OSError where the port is taken."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    family, kind, protocol, _, address = found[0]
    # asyncio sets TCP_NODELAY only where the protocol is named; without it, every answer on
    # a kept connection waits 40 ms for an acknowledgement.
    bound = socket.socket(family, kind, protocol)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(address)
        bound.listen(2048)
    except OSError:
        bound.close()
        raise
    return bound


def root_of(bound: socket.socket) -> str:
    """The URL under which this socket is reached from the same machine."""
    host, port = bound.getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # noqa: S104  # compared, not bound
        host = "127.0.0.1" if host == "0.0.0.0" else "::1"  # noqa: S104
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(app: ASGIApp, bound: socket.socket, *, watch_parent: bool = False) -> None:
    """Serve until a signal or, with `watch_parent`, until standard input ends."""
    config = uvicorn.Config(
        app,
        http=_Protocol,
        loop="asyncio",
        lifespan="off",
        ws="none",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    if watch_parent:
        threading.Thread(target=_watch, args=(server,), daemon=True).start()
    try:
        server.run(sockets=[bound])
    except KeyboardInterrupt:
        return


def _watch(server: Any) -> None:
    """The parent holds the other end of our standard input: its end is our end."""
    # Not sys.stdin: a thread that waits in its buffer breaks the end of the interpreter.
    while os.read(0, 4096):
        pass
    server.should_exit = True
    time.sleep(5)
    os._exit(0)
