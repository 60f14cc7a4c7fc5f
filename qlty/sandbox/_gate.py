"""Between the socket and the services: reads a request, lets chaos strike, answers, records."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from typing import TYPE_CHECKING, Any

from qlty.sandbox._wire import Answer, Call, Part

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import Receive, Scope, Send

    from qlty.sandbox._chaos import Hit
    from qlty.sandbox._world import World

MAX_BODY = 32 * 1024 * 1024
MAX_PIECES = 40
_HTML = b"""<!DOCTYPE html><html><head><title>Sorry</title></head>
<body><h1>Sorry, something went wrong</h1><p>A proxy on the way answered in your stead.</p></body>
</html>"""


class TooLargeError(Exception):
    """The body is larger than the sandbox takes."""


class Gate:
    """The ASGI application in front of one service."""

    def __init__(self, world: World, service: str, prefix: str, max_body: int = MAX_BODY) -> None:
        self.world, self.service, self.prefix = world, service, prefix
        self.max_body = max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        call, too_large = await self._read(scope, receive)
        name = self.world.services[self.service].name_of(call)
        struck = self.world.chaos.strike
        hit = None if too_large else struck(self.service, name, call.time, call.body)
        if hit is not None:
            await asyncio.sleep(hit.rule.number("latency"))
        answer = self._too_large() if too_large else self._answered(call, hit)
        lost = hit.rule.mode if hit and hit.rule.mode in ("reset", "hang", "drop") else ""
        chaos = _described(hit) if hit else ""
        took = time.perf_counter() - started
        self.world.recorder.keep(call, name, None if lost else answer, chaos, took)
        self.world.commit()
        if lost:
            await _lose(scope, receive, hit)
        elif hit and hit.rule.mode == "drip":
            await _drip(send, answer, hit.rule.number("pace", 0.05))
        else:
            await _send(send, answer)

    def _too_large(self) -> Answer:
        reason = f"the body is larger than the {self.max_body} bytes that the sandbox takes"
        return Answer(413, reason.encode(), {"content-type": "text/plain"}, reason)

    def _answered(self, call: Call, hit: Hit | None) -> Answer:
        """What the service says, or what chaos says in its stead."""
        behind = self.world.services[self.service]
        if hit is None:
            return behind.answer(call)
        mode = hit.rule.mode
        replaced = hit.status is not None or mode == "html"
        if mode in ("drop", "drip") or hit.rule.given.get("commit") or not (replaced or mode):
            answer = behind.answer(call)
            if not replaced:
                return answer
        if mode == "html":
            reason = "an HTML page instead of the answer"
            return Answer(hit.status or 200, _HTML, {"content-type": "text/html"}, reason)
        return behind.failure(call, hit.status or 503, hit.retry_after)

    async def _read(self, scope: Scope, receive: Receive) -> tuple[Call, bool]:
        """The request, and whether its body was too large and is left out."""
        headers, body, too_large = _headers(scope), b"", False
        try:
            body = await read_body(headers, receive, self.max_body)
        except TooLargeError:
            too_large = True
        call = Call(
            service=self.service,
            method=scope["method"],
            path=scope["path"].removeprefix(self.prefix) or "/",
            query=scope["query_string"].decode("latin-1"),
            headers=headers,
            body=body,
            root=f"{scope['scheme']}://{headers.get('host', 'localhost')}",
            time=time.time(),
            parts=await _parts(headers, body),
        )
        return call, too_large


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


async def read_body(headers: dict[str, str], receive: Receive, most: int) -> bytes:
    """The whole body; raises `TooLargeError` before more than `most` bytes are held."""
    announced = headers.get("content-length", "0")
    if announced.isdigit() and int(announced) > most:
        raise TooLargeError
    pieces, size, more = [], 0, True
    while more:
        message = await receive()
        piece = message.get("body", b"")
        size += len(piece)
        if size > most:
            raise TooLargeError
        pieces.append(piece)
        more = message.get("more_body", False)
    return b"".join(pieces)


async def _parts(headers: dict[str, str], body: bytes) -> tuple[Part, ...] | None:
    """The parts of a multipart body; None where it is none or is broken."""
    if not headers.get("content-type", "").lower().startswith("multipart/form-data"):
        return None
    from starlette.datastructures import Headers, UploadFile
    from starlette.formparsers import MultiPartException, MultiPartParser

    async def stream() -> AsyncIterator[bytes]:
        yield body

    parser = MultiPartParser(Headers(headers), stream(), max_part_size=len(body) + 1)  # type: ignore[arg-type]
    try:
        form = await parser.parse()
    except (MultiPartException, ValueError, KeyError, LookupError):
        return None
    found = []
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            content = await value.read()
            found.append(Part(name, value.filename, content, value.content_type or ""))
        else:
            found.append(Part(name, None, value.encode("utf-8", "surrogateescape"), ""))
    await form.close()
    return tuple(found)


def _described(hit: Hit) -> str:
    parts = [hit.rule.mode] if hit.rule.mode else []
    if hit.status is not None:
        parts.append(str(hit.status))
    if hit.rule.number("latency"):
        parts.append(f"{hit.rule.number('latency'):g} s late")
    return ", ".join(parts) or "touched"


async def _send(send: Send, answer: Answer) -> None:
    await _start(send, answer)
    await send({"type": "http.response.body", "body": answer.body})


async def _start(send: Send, answer: Answer) -> None:
    headers = {**answer.headers}
    if answer.status != 204:
        headers["content-length"] = str(len(answer.body))
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": raw})


async def _drip(send: Send, answer: Answer, pace: float) -> None:
    await _start(send, answer)
    step = max(1, -(-len(answer.body) // MAX_PIECES))
    for at in range(0, len(answer.body), step):
        await asyncio.sleep(pace)
        piece = answer.body[at : at + step]
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _lose(scope: Scope, receive: Receive, hit: Hit | None) -> None:
    """Leave the caller without an answer."""
    if hit and hit.rule.mode == "hang":
        await _wait_for_disconnect(receive, hit.rule.number("seconds", 86_400))
    _cut(scope["state"]["transport"])


async def _wait_for_disconnect(receive: Receive, seconds: float) -> None:
    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    try:
        await asyncio.wait_for(gone(), seconds)
    except asyncio.TimeoutError:
        return


def _cut(transport: Any) -> None:
    """Close with a reset (RST), as a crashed server or a broken proxy does."""
    raw = transport.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
