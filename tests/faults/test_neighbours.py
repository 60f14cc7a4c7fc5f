"""Suites that patch sockets, clocks, files and processes do not notice that they are reported."""

from __future__ import annotations

import re
import textwrap

import pytest

#: each opens an incident with its first test, which leaves while the others run
PAGE = """
    import pytest

    @pytest.mark.testrail(1)
    @pytest.mark.pagerduty_trigger_incident(service_id="{service}")
    def test_a_page_leaves_while_the_others_run(pagerduty_fixture):
        assert False, "pages at once"
"""

SUITES = {
    "responses": """
        import time

        import pytest
        import requests
        import responses

        @pytest.mark.parametrize("turn", range(5))
        @responses.activate
        def test_only_what_is_mocked_is_called(turn):
            responses.get("https://shop.test/", json={"turn": turn})
            time.sleep(0.2)
            assert requests.get("https://shop.test/", timeout=5).json() == {"turn": turn}
            assert len(responses.calls) == 1
        """,
    "vcrpy": """
        import threading
        import time
        import urllib.request
        from http.server import BaseHTTPRequestHandler, HTTPServer
        from pathlib import Path

        import vcr

        class Shop(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Length", "4")
                self.end_headers()
                self.wfile.write(b"shop")

            def log_message(self, *args):
                pass

        def test_the_cassette_has_one_call_of_ours():
            server = HTTPServer(("127.0.0.1", 0), Shop)
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            with vcr.use_cassette("cassette.yaml"):
                time.sleep(1)
                url = f"http://127.0.0.1:{server.server_address[1]}/"
                with urllib.request.urlopen(url, timeout=5) as answer:
                    assert answer.read() == b"shop"
                time.sleep(0.5)
            server.shutdown()
            thread.join()
            server.server_close()
            assert Path("cassette.yaml").read_text().count("- request:") == 1
        """,
    "pytest_socket": """
        import socket
        import time

        import pytest
        import pytest_socket

        @pytest.mark.parametrize("turn", range(5))
        def test_no_socket_may_be_opened(socket_disabled, turn):
            time.sleep(0.2)
            with pytest.raises(pytest_socket.SocketBlockedError):
                socket.socket()
        """,
    "freezegun": """
        import time
        from datetime import datetime

        import pytest
        from freezegun import freeze_time

        @pytest.mark.parametrize("turn", range(5))
        @freeze_time("2001-02-03")
        def test_time_stands_still(turn):
            assert datetime.now().year == 2001
            assert time.time() < 10**9
        """,
    "pyfakefs": """
        from pathlib import Path

        import pytest

        @pytest.mark.parametrize("turn", range(5))
        def test_files_are_not_real(fs, turn):
            Path("/made-up").mkdir()
            Path("/made-up/file").write_text("x")
            assert [path.name for path in Path("/made-up").iterdir()] == ["file"]
        """,
    "fork": """
        import os
        import threading
        import time

        import pytest

        @pytest.mark.parametrize("turn", range(5))
        def test_a_child_that_is_forked_ends(turn):
            assert threading.active_count() == 1
            child = os.fork()
            if not child:
                os._exit(7)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7

        def test_a_child_outlives_the_run():
            child = os.fork()
            if not child:
                os.close(1)
                os.close(2)
                time.sleep(3)
                os._exit(0)
        """,
    "threads": """
        import threading
        import time

        def test_only_our_threads_run():
            assert threading.active_count() == 1
            done = []
            threads = [threading.Thread(target=lambda: done.append(1)) for _ in range(20)]
            for thread in threads:
                thread.start()
            time.sleep(0.5)
            for thread in threads:
                thread.join()
            assert len(done) == 20
            assert threading.active_count() == 1
        """,
}


def outcomes(output):
    return re.findall(r"^(PASSED|FAILED|ERROR) (\S+)", output, re.MULTILINE)


def warnings_in(output):
    found = re.search(r"(\d+) warnings?", output)
    return found.group(1) if found else "0"


@pytest.mark.parametrize("neighbour", SUITES)
def test_the_suite_is_the_same_with_live_delivery(everything, sandbox, neighbour):
    service = sandbox.env["PAGERDUTY_SERVICE_ID"]
    everything.write("test_suite.py", PAGE.replace("{service}", service))
    everything.write("test_with_neighbour.py", textwrap.dedent(SUITES[neighbour]))
    strict = ["-rA", "-W", "error"]
    reported = everything.run(*strict)
    cassette = everything.root / "cassette.yaml"
    if cassette.exists():
        assert "uthorization" not in cassette.read_text()
        cassette.unlink()
    bare = everything.bare(*strict)
    # without the integration the marker's test still fails, and everything else passes
    assert outcomes(reported.output) == outcomes(bare.output), reported.output
    assert len(outcomes(bare.output)) > 1, bare.output
    assert warnings_in(reported.output) == warnings_in(bare.output)
    assert reported.returncode == bare.returncode == 1
    assert all(line["complete"] for line in reported.receipt["integrations"]), reported.output
    assert everything.effects()["incidents"] == 1
    assert everything.effects()["slack messages"] == 1
