"""Secrets are planted wherever a test can show one; none may be found on disk or on the wire."""

from __future__ import annotations

import json
import sqlite3
from urllib.parse import quote

import pytest

CANARY = "c4n4ry/With+Odd=chars-0123456789"

SUITE = """
    import logging
    import os

    import pytest

    SERVICE = "{service}"
    CANARY = os.environ["SHOP_API_TOKEN"]

    @pytest.mark.testrail(1)
    @pytest.mark.pagerduty_trigger_incident(service_id=SERVICE, details=f"with {CANARY}")
    def test_shows_it_everywhere(pagerduty_fixture):
        print("printed", CANARY)
        logging.getLogger("shop").warning("logged %s", CANARY)
        headers = {"Authorization": "Basic " + CANARY}
        raise ValueError(f"raised {CANARY} in {headers} at https://shop.test/?t={CANARY}")

    @pytest.mark.testrail(2)
    @pytest.mark.parametrize("token", [CANARY])
    def test_has_it_in_its_id(token):
        assert token == ""

    @pytest.fixture
    def broken():
        raise RuntimeError(CANARY)

    @pytest.mark.testrail(3)
    def test_has_it_in_a_setup_error(broken):
        pass
"""


def spellings():
    return [CANARY, quote(CANARY, safe=""), quote(CANARY), json.dumps(CANARY)[1:-1], "c4n4ry"]


def bytes_on_disk(everything):
    state = everything.root / ".qlty-framework"
    # what WAL still holds is moved into the file, so that both are seen
    database = sqlite3.connect(state / "outbox.sqlite3")
    database.execute("PRAGMA wal_checkpoint")
    database.close()
    files = [path for path in state.rglob("*") if path.is_file()]
    assert len(files) > 3
    return {path: path.read_bytes() for path in [*files, everything.root / "receipt.json"]}


@pytest.mark.parametrize(
    "fault",
    [{}, {"status": 400}, {"status": 503}, {"mode": "html"}],
    ids=["well", "400", "503", "html"],
)
def test_no_canary_is_found_on_disk_or_on_the_wire(everything, sandbox, fault):
    service = sandbox.env["PAGERDUTY_SERVICE_ID"]
    everything.write("test_suite.py", SUITE.replace("{service}", service))
    everything.extra = {
        "SHOP_API_TOKEN": CANARY,
        "QLTY_DELIVERY_TIMEOUT": "5",
        "TROUBLE_URL": f"{sandbox.url}/api/chaos",
        "TROUBLE": json.dumps({"*": fault} if fault else {}),
    }
    ran = everything.run("--showlocals")
    assert ran.returncode == 1
    assert "c4n4ry" in ran.output, "pytest itself shows it"
    own = "\n".join(line for line in ran.output.splitlines() if line.startswith("qlty"))
    for spelling in spellings():
        assert spelling not in own
        for path, content in bytes_on_disk(everything).items():
            assert spelling.encode() not in content, path
        for call in sandbox.calls:
            assert spelling not in json.dumps(call["body"]), call["path"]
            assert spelling not in call["path"]
    assert sandbox.calls
