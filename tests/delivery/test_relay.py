"""Real relay processes that send to a real HTTP server."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from qlty.delivery import start_relay

PROJECT = """
    import json
    import os
    import time
    import urllib.error
    import urllib.request

    import settings
    from qlty.delivery import Sent


    class Web:
        def __init__(self):
            self.url = settings.URL

        def target(self):
            return "remote"

        def send(self, job):
            if job.payload["text"] == "token":
                job.save(token=os.environ.get("NOTHING"), option=option())
            request = urllib.request.Request(self.url, job.payload["text"].encode())
            urllib.request.urlopen(request, timeout=20).close()
            return Sent("sent " + job.payload["text"])

        def find(self, job):
            try:
                urllib.request.urlopen(self.url + "/" + job.payload["text"], timeout=20).close()
            except urllib.error.HTTPError as error:
                error.close()
                if error.code == 404:
                    return None
                raise
            return Sent("found")


    def option():
        from qlty.settings import current

        return current().options.get("web_token")
"""


@pytest.fixture
def project(tmp_path, remote):
    (tmp_path / "settings.py").write_text(f"URL = {remote.url!r}\n")
    (tmp_path / "web.py").write_text(textwrap.dedent(PROJECT))
    return tmp_path


@pytest.fixture
def put_web(put):
    return lambda text, **changes: put(text, class_path="web.Web", **changes)


@pytest.fixture
def setup(project, outbox):
    return {
        "outbox": str(outbox.path),
        "rootdir": str(project),
        "settings": "settings",
        "settings_named": True,
        "budget": 30,
    }


@pytest.fixture
def relay(setup, project):
    relay = start_relay(setup, log=project / "relay.log", cwd=project)
    yield relay
    if relay.poll() is None:
        relay.kill()
    relay.detach()


def wait_until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def states(outbox):
    return {row.key.removeprefix("key-"): row.state for row in outbox.rows()}


def test_a_relay_sends_while_the_run_goes_on_and_ends_when_told(outbox, put_web, relay, remote):
    put_web("a")
    wait_until(lambda: remote.effects == ["a"])
    put_web("b")
    assert relay.finish(30)
    assert remote.effects == ["a", "b"]
    assert states(outbox) == {"a": "delivered", "b": "delivered"}


def test_options_reach_the_relay_through_its_pipe_only(put_web, setup, project):
    relay = start_relay({**setup, "options": {"web_token": "t0ken-v4lue"}})
    delivery = put_web("token")
    assert delivery.wait_for("option", timeout=60) is not None
    with open(f"/proc/{relay.pid}/cmdline", "rb") as file:
        assert b"t0ken" not in file.read()
    assert relay.finish(30)


NOISY = """
    import logging, os, sys

    class Web:
        def target(self):
            return "remote"

        def send(self, job):
            token = os.environ["SHOP_API_TOKEN"]
            print("printed", token, file=sys.stderr)
            logging.warning("logged %s", token)
            os.write(2, f"written {token}\\n".encode())
"""


def test_the_log_of_a_relay_has_what_a_project_says_without_its_secrets(
    outbox, put_web, setup, project, monkeypatch
):
    monkeypatch.setenv("SHOP_API_TOKEN", "abcdEFGH12345678")
    (project / "web.py").write_text(textwrap.dedent(NOISY))
    put_web("a")
    relay = start_relay(setup, log=project / "relay.log", cwd=project)
    assert relay.finish(30)
    lines = (project / "relay.log").read_text().splitlines()
    assert [line for line in lines if "***" in line] == [
        "printed ***",
        "WARNING:root:logged ***",
        "written ***",
    ]
    assert not any("EFGH" in line for line in lines)


@pytest.mark.parametrize("module", ["settings.py", "web.py"])
def test_a_project_that_hangs_when_imported_does_not_keep_the_relay_of_a_killed_run(
    put_web, setup, project, module
):
    put_web("a")
    (project / module).write_text("import time; time.sleep(600)")
    relay = start_relay({**setup, "budget": 0.1}, cwd=project)
    relay.detach()  # as the death of the run does
    wait_until(lambda: relay.poll() is not None)
    assert relay.poll() != 0


def test_a_relay_finishes_the_work_of_a_killed_run(outbox, put_web, setup, project, remote):
    put_web("a")
    script = """
        import json, sys, time
        from qlty.delivery import start_relay
        relay = start_relay(json.loads(sys.argv[1]))
        print(relay.pid, flush=True)
        time.sleep(60)
    """
    import json

    run = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), json.dumps(setup)],
        stdout=subprocess.PIPE,
        text=True,
    )
    pid = int(run.stdout.readline())
    run.kill()
    run.communicate()
    wait_until(lambda: states(outbox) == {"a": "delivered"})
    wait_until(lambda: not is_running(pid))
    assert remote.effects == ["a"]


def is_running(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_relay_that_dies_is_started_again_and_asks_first(outbox, put_web, relay, remote):
    received = threading.Event()
    killed = threading.Event()

    def commit_and_wait(handler, body):
        remote.effects.append(body)
        received.set()
        killed.wait(60)
        handler.close_connection = True

    remote.script = [commit_and_wait]
    put_web("a")
    assert received.wait(60)
    os.kill(relay.pid, signal.SIGKILL)
    killed.set()
    assert relay.finish(60)
    assert remote.effects == ["a"]
    assert states(outbox) == {"a": "delivered"}


def test_finish_gives_up_at_the_end_of_its_budget(outbox, put_web, relay, remote):
    hung = threading.Event()
    remote.script = [lambda handler, body: hung.wait(60)]
    put_web("a")
    wait_until(lambda: remote.requests)
    started = time.monotonic()
    relay.finish(0.5)
    assert time.monotonic() - started < 20
    assert states(outbox) == {"a": "sending"}
    hung.set()


def test_finish_tells_its_progress(put_web, relay, remote):
    told = []
    remote.script = [lambda handler, body: (time.sleep(2), handler.answer(200))]
    put_web("a")
    assert relay.finish(60, lambda: told.append(1))
    assert told


def test_settings_that_cannot_be_read_are_the_reason_to_wait(outbox, put_web, setup, project):
    (project / "settings.py").write_text("import nothing_of_this_name\n")
    put_web("a")
    assert start_relay(setup).finish(60)
    assert "nothing_of_this_name" in outbox.rows()[0].reason


def test_a_module_of_the_project_does_not_take_the_place_of_one_that_the_relay_needs(
    put_web, setup, project, remote
):
    (project / "json.py").write_text("raise SystemExit(3)\n")
    (project / "sqlite3.py").write_text("raise SystemExit(3)\n")
    setup["sys_path"] = [*sys.path, str(project)]
    put_web("a")
    relay = start_relay(setup, cwd=project)
    assert relay.finish(60)


def test_a_relay_of_a_damaged_outbox_ends_instead_of_trying_for_ever(setup, project):
    damaged = project / "damaged.sqlite3"
    damaged.write_bytes(b"x" * 10_000)
    relay = start_relay({**setup, "outbox": str(damaged)}, log=project / "relay.log")
    assert not relay.finish(60)
    assert "damaged" in (project / "relay.log").read_text()


def test_two_relays_at_one_outbox_send_everything_once(outbox, put_web, setup, remote):
    for number in range(60):
        put_web(f"n{number}", target="remote")
    relays = [start_relay(setup), start_relay(setup)]
    assert [relay.finish(120) for relay in relays] == [True, True]
    assert sorted(remote.effects) == sorted(f"n{number}" for number in range(60))


@pytest.mark.parametrize("turn", range(3))
def test_random_kills_of_the_relay_lose_and_double_nothing(outbox, put_web, setup, remote, turn):
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    chance = random.Random(seed)
    texts = [f"n{number}" for number in range(25)]
    for text in texts:
        put_web(text)
    remote.script = [
        chance.choice([200] * 6 + [remote.lose_answer, remote.lose_request, 503]) for _ in range(25)
    ]
    for _ in range(4):
        relay = start_relay(setup)
        time.sleep(chance.uniform(0.05, 0.6))
        relay.kill()
    assert start_relay(setup).finish(240)
    assert sorted(remote.effects) == sorted(texts)
    assert set(states(outbox).values()) == {"delivered"}
