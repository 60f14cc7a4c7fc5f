from __future__ import annotations

import contextlib
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from qlty.delivery import Masker, Outbox, Sent, drain


class Remote:
    """A real HTTP server on loopback that keeps what it was told and answers as scripted.

    ``script`` holds answers for the next requests: a status, ``(status, headers, body)``, or a
    function that is given the handler and the body. With an empty script it answers 200.
    """

    def __init__(self):
        self.effects: list[str] = []
        self.requests: list[str] = []
        self.script: list = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(10)

    def _handler(remote):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def do_GET(self):
                found = self.path.rpartition("/")[2] in remote.effects
                self.answer(200 if found else 404)

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
                remote.requests.append(body)
                step = remote.script.pop(0) if remote.script else 200
                if callable(step):
                    step(self, body)
                    return
                status, headers, text = step if isinstance(step, tuple) else (step, {}, "{}")
                if status == 200:
                    remote.effects.append(body)
                self.answer(status, headers, text)

            def answer(self, status, headers=(), text="{}"):
                raw = text.encode()
                self.send_response(status)
                for name, value in dict(headers).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

        return Handler

    def lose_answer(self, handler, body):
        """Carry the request out, then close the connection without an answer."""
        self.effects.append(body)
        handler.close_connection = True

    def lose_request(self, handler, body):
        """Close the connection without carrying the request out."""
        handler.close_connection = True


@pytest.fixture
def remote():
    remote = Remote()
    yield remote
    remote.close()


class HttpSender:
    """Sends a job's text to a remote with requests; asks for it after a lost answer."""

    def __init__(self, url, target="remote", timeout=10):
        self.url, self._target, self.timeout = url, target, timeout
        self.asked: list[str] = []

    def target(self):
        return self._target

    def send(self, job):
        import requests

        with requests.post(self.url, data=job.payload["text"], timeout=self.timeout) as response:
            response.raise_for_status()
        return Sent(f"sent {job.payload['text']}", links=(f"{self.url}/{job.key}",))

    def find(self, job):
        import requests

        self.asked.append(job.key)
        with requests.get(f"{self.url}/{job.payload['text']}", timeout=self.timeout) as response:
            if response.status_code == 404:
                return None
            response.raise_for_status()
        return Sent("found")


class ScriptedSender:
    """Answers ``send`` and ``find`` from functions and remembers the calls."""

    def __init__(self, send=lambda job: None, find=lambda job: None, target="remote"):
        self._send, self._find, self._target = send, find, target
        self.sent: list[str] = []
        self.asked: list[str] = []

    def target(self):
        return self._target

    def send(self, job):
        self.sent.append(job.payload["text"])
        return self._send(job)

    def find(self, job):
        self.asked.append(job.payload["text"])
        return self._find(job)


class Team:
    """Senders by name; ``None`` for the unknown."""

    def __init__(self, **senders):
        self.senders = senders

    def get(self, integration, class_path):
        sender = self.senders.get(integration)
        if isinstance(sender, Exception):
            raise sender
        return sender


@pytest.fixture
def http_sender():
    return HttpSender


@pytest.fixture
def scripted():
    return ScriptedSender


@pytest.fixture
def outbox(tmp_path):
    outbox = Outbox.open(tmp_path / "outbox.sqlite3", Masker())
    yield outbox
    outbox.close()


@pytest.fixture
def put(outbox):
    """Enqueue a delivery with sensible defaults."""

    def enqueue(text="a", outbox=outbox, **changes):
        values = {
            "integration": "web",
            "target": "remote",
            "key": f"key-{text}",
            "kind": "",
            "payload": {"text": text},
            "run_id": "run-1",
            "class_path": "somewhere.Web",
        }
        return outbox.enqueue(**{**values, **changes})

    return enqueue


@pytest.fixture
def deliver(outbox):
    """Drain with these senders for at most so many seconds."""

    def run(seconds=20.0, outbox=outbox, integrations=None, run_id=None, **senders):
        drain(
            outbox,
            Team(**senders),
            deadline=time.monotonic() + seconds,
            integrations=integrations,
            run_id=run_id,
        )

    return run


@pytest.fixture
def impatient(monkeypatch):
    """Keep the pauses between attempts short."""
    monkeypatch.setattr("qlty.delivery._lane.backoff", lambda attempt: 0.01)


@pytest.fixture(scope="session")
def tls_remote():
    """The address of a server whose certificate nobody trusts."""
    import ssl

    import trustme

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    server = socket.create_server(("127.0.0.1", 0))

    def serve():
        with contextlib.suppress(OSError):
            while True:
                connection, _ = server.accept()
                with connection, contextlib.suppress(ssl.SSLError, ConnectionError):
                    context.wrap_socket(connection, server_side=True).close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"https://localhost:{server.getsockname()[1]}"
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join(10)
