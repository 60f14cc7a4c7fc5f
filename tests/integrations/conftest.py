from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from qlty.classes.integrations import _pagerduty as room
from qlty.classes.integrations._pagerduty._events import Events
from qlty.classes.integrations._pagerduty._rest import Rest
from qlty.classes.integrations._slack.client import Bot, post_to_webhook
from qlty.classes.integrations._testrail.client import TestRail
from qlty.classes.integrations._testrail.settings import TestRailSettings
from qlty.settings import Sources, current, install, load


class Stranger:
    """A server that gives everybody the same answer, and keeps what it was asked."""

    def __init__(self, status=200, body=b"", headers=()):
        self.answer = (status, dict(headers), body)
        self.asked = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def _handler(stranger):
        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args):
                pass

            def do_POST(self):
                stranger.asked.append((self.command, self.path, dict(self.headers)))
                self.rfile.read(int(self.headers["Content-Length"] or 0))
                status, headers, body = stranger.answer
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_PUT = do_CONNECT = do_POST

        return Handler


@pytest.fixture
def stranger():
    made = []

    def make(status=200, body=b"", headers=()):
        made.append(Stranger(status, body, headers))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def calls():
    """Return every kind of call that the integrations make, as functions of an address."""
    before = current()
    rails = []

    def pagerduty(url):
        values = {
            "PAGERDUTY_API_KEY": "dummy-key-of-a-test",
            "PAGERDUTY_DEFAULT_FROM": "qa@example.com",
            "PAGERDUTY_ROUTING_KEY": "R" * 32,
            "PAGERDUTY_API_URL": url,
            "PAGERDUTY_EVENTS_URL": url,
        }
        install(Sources(environ=values))
        return load("PAGERDUTY", room.PagerDutySettings)

    def rail(url):
        values = {
            "TESTRAIL_BASE_URL": url,
            "TESTRAIL_USERNAME": "qa@example.com",
            "TESTRAIL_API_KEY": "dummy-key-of-a-test",
            "TESTRAIL_PROJECT_ID": "1",
        }
        install(Sources(environ=values))
        rails.append(TestRail(load("TESTRAIL", TestRailSettings)))
        return rails[-1]

    def bot(url):
        return Bot("xoxb-0000-dummy-token", f"{url}/api/")

    def results(url):
        made = rail(url)
        made.write(made.api.results.add_results_for_cases, 1, [{"case_id": 1, "status_id": 1}])

    def a_run(url):
        made = rail(url)
        made.write(made.api.runs.add_run, 1, name="x")

    def listing(url):
        made = rail(url)
        made.all(made.api.runs.get_runs, "runs", 1)

    yield {
        "pagerduty open": lambda url: Rest(pagerduty(url)).open_incident(_page()),
        "pagerduty note": lambda url: Rest(pagerduty(url)).note("Q1", "text"),
        "pagerduty resolve": lambda url: Rest(pagerduty(url)).resolve([{"id": "Q1"}]),
        "pagerduty list": lambda url: Rest(pagerduty(url)).open_of_service("P1"),
        "pagerduty trigger": lambda url: Events(pagerduty(url)).trigger(_page()),
        "pagerduty resolve event": lambda url: Events(pagerduty(url)).resolve("key", "P1"),
        "pagerduty change": lambda url: Events(pagerduty(url)).change({}, "P1"),
        "slack post": lambda url: bot(url).call("chat.postMessage", {"text": "x"}),
        "slack change": lambda url: bot(url).call("chat.update", {"text": "x"}),
        "slack read": lambda url: bot(url).ask("conversations.history", channel="C1"),
        "slack who": lambda url: bot(url).call("auth.test"),
        "slack webhook": lambda url: post_to_webhook(f"{url}/services/T/B/x", {"text": "x"}),
        "testrail run": a_run,
        "testrail results": results,
        "testrail list": listing,
    }
    for made in rails:
        made.close()
    install(before)


def _page():
    return {
        "key": "key",
        "title": "title",
        "service_id": "P1",
        "sections": [],
        "tag": "",
        "source": "test",
        "at": "2026-01-01T00:00:00Z",
        "class": "test",
    }


def as_json(value):
    return json.dumps(value).encode()
