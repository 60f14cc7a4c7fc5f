"""The code blocks of the guide, run as files of a real project."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((self.path, json.loads(body)))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        """Stay quiet."""


@pytest.fixture
def server():
    """Return a real server that keeps what it got in ``received`` and answers ``status``."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.received, server.status = [], 200
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def project(tmp_path, guide):
    """Return a function that makes a project with blocks of the guide and runs it."""
    (tmp_path / "integrations").mkdir()
    (tmp_path / "integrations" / "__init__.py").touch()
    for title, code in guide.items():
        if title.startswith("integrations/"):
            (tmp_path / title).write_text(code)
    (tmp_path / "test_shop.py").write_text(
        "def test_pay(): pass\n\ndef test_ship(): assert 1 == 2\n"
    )

    def run(settings, *command, **environ):
        (tmp_path / "settings.py").write_text(settings)
        clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
        return subprocess.run(
            [sys.executable, "-m", *(command or ("qlty", "run"))],
            cwd=tmp_path,
            env={**clean, **environ},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    return run


def custom(*paths):
    return f"CUSTOM_INTEGRATIONS = {[f'integrations.{path}' for path in paths]}\n"


def address(server):
    return f"http://127.0.0.1:{server.server_port}"


@pytest.mark.parametrize("command", [("qlty", "run"), ("pytest", "--qlty")])
def test_the_projects_own_integration_hears_of_tests_and_of_the_run(project, guide, command):
    done = project(guide["settings.py"], *command)
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout.count("test_ship failed in call") == 1
    assert "test_pay failed" not in done.stdout
    assert "run 2" in done.stdout


def test_a_required_check_that_passes_lets_the_tests_run(project, server):
    done = project(custom("api_check.ApiCheckIntegration"), API_URL=address(server))
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed, 1 passed" in done.stdout
    assert server.received == [("/api/login", {"user": "qa"})]


def test_a_required_check_that_fails_aborts_the_run(project, server):
    server.status = 503
    done = project(custom("api_check.ApiCheckIntegration"), API_URL=address(server))
    text = done.stdout + done.stderr
    assert done.returncode == 69, text
    assert "passed" not in text
    assert "ApiCheckIntegration" in text
    assert "503" in text


def test_a_required_check_that_cannot_even_be_imported_aborts_the_run(project):
    done = project(custom("api_check.ApiCheckIntegration"))  # without API_URL
    text = done.stdout + done.stderr
    assert done.returncode == 69, text
    assert "KeyError: 'API_URL'" in text


def test_context_carries_data_from_one_integration_to_the_next(project):
    done = project(custom("sharing.Producer", "sharing.Consumer"))
    assert "see run 41" in done.stdout


def test_without_the_producer_the_consumer_skips(project):
    done = project(custom("sharing.Consumer"))
    assert done.returncode == 1
    assert "see run" not in done.stdout


def test_typed_settings_come_from_the_environment_and_hide_the_secret(project):
    done = project(custom("typed.ShopIntegration"), SHOP_API_KEY="sandbox-shop-key")
    assert "https://shop.example/ with key ***" in done.stdout
    assert "sandbox-shop-key" not in done.stdout + done.stderr


def test_a_missing_typed_setting_deregisters_with_every_place_named(project):
    done = project(custom("typed.ShopIntegration"))
    text = done.stdout + done.stderr
    assert "1 failed, 1 passed" in text
    assert "SHOP API_KEY is not set: looked for environment variable SHOP_API_KEY" in text


def test_a_delivery_arrives_and_stands_in_the_receipt(project, server):
    done = project(custom("delivering.DeliveringIntegration"), API_URL=address(server))
    ((path, body),) = server.received
    assert (path, body["failed"]) == ("/runs", 1)
    assert body["run"] in done.stdout + done.stderr
