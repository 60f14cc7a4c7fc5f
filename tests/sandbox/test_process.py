"""The command and the child process: how it starts, what it says, how it ends."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
import urllib.request
from pathlib import Path

import pytest

from qlty.sandbox import SandboxError, main, start

ROOT = Path(__file__).parents[2]


def run(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "qlty.sandbox", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly(number: int) -> None:
    child = run("--port", "0", "--json")
    assert child.stdout is not None
    json.loads(child.stdout.readline())
    time.sleep(0.5)
    child.send_signal(number)
    out, err = child.communicate(timeout=30)
    assert (out, err) == ("", "")
    assert child.returncode == (0 if number == signal.SIGINT else -signal.SIGTERM)


def test_ctrl_c_ends_it_though_a_page_listens() -> None:
    child = run("--port", "0", "--json")
    assert child.stdout is not None
    url = json.loads(child.stdout.readline())["url"]
    with urllib.request.urlopen(f"{url}/api/news", timeout=30) as news:
        assert news.readline().startswith(b"data: ")
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=30)
    assert (out, err, child.returncode) == ("", "", 0)


def test_it_listens_on_ipv6() -> None:
    with start("--host", "::1") as sandbox:
        assert sandbox.url.startswith("http://[::1]:")
        assert alive(sandbox.url)


def test_it_prints_the_inbox_and_what_to_export() -> None:
    child = run("--port", "0")
    assert child.stdout is not None
    lines = [child.stdout.readline() for _ in range(5)]
    child.terminate()
    child.communicate(timeout=30)
    assert lines[0].startswith("Inbox: http://127.0.0.1:")
    assert lines[2].startswith("export SLACK_API_URL=http://127.0.0.1:")


def test_a_taken_port_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        child = run("--port", str(taken.getsockname()[1]))
        _, err = child.communicate(timeout=30)
    assert child.returncode == 1
    assert "Cannot listen on 127.0.0.1" in err


def test_env_prints_the_variables_of_a_running_sandbox(capsys: pytest.CaptureFixture[str]) -> None:
    with start() as sandbox:
        assert main(["--env", "--port", sandbox.url.rpartition(":")[2]]) == 0
        assert f"export SLACK_API_URL={sandbox.url}/slack/api/" in capsys.readouterr().out


def test_env_without_a_sandbox_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert main(["--env", "--port", str(port)]) == 1
    assert "Start one: qlty-framework sandbox" in capsys.readouterr().err


def test_listening_to_the_world_is_said() -> None:
    child = run("--port", "0", "--host", "0.0.0.0")
    assert child.stdout is not None
    child.stdout.readline()
    child.terminate()
    _, err = child.communicate(timeout=30)
    assert "anybody who reaches this machine" in err


def test_it_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    script = textwrap.dedent("""
        import time
        from qlty.sandbox import start
        with start() as sandbox:
            print(sandbox.url, flush=True)
            time.sleep(600)
    """)
    parent = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert parent.stdout is not None
    url = parent.stdout.readline().strip()
    assert alive(url)
    parent.kill()
    parent.communicate()
    ends = time.monotonic() + 30
    while alive(url) and time.monotonic() < ends:
        time.sleep(0.1)
    assert not alive(url)


def alive(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def test_it_is_gone_after_the_block() -> None:
    with start() as sandbox:
        assert alive(sandbox.url)
    assert not alive(sandbox.url)


def test_a_file_of_the_callers_folder_shadows_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('shadowed')")
    monkeypatch.chdir(tmp_path)
    with start() as sandbox:
        assert alive(sandbox.url)


def test_data_comes_back_from_the_file(tmp_path: Path) -> None:
    arguments = ("--db", str(tmp_path / "sandbox.db"))
    for _ in range(2):
        with start(*arguments) as sandbox:
            urllib.request.urlopen(f"{sandbox.url}/hook/x", b"{}", timeout=30).close()
            kept = len(sandbox.hooks)
    assert kept == 2


def test_a_seed_of_ones_own_takes_the_place_of_the_shipped_one(tmp_path: Path) -> None:
    path = tmp_path / "world.yaml"
    path.write_text("slack: {channels: [{id: C0MINE, name: mine, member: true}]}")
    with start("--seed", str(path)) as sandbox:
        assert sandbox.env["SLACK_CHANNEL_ID"] == "C0MINE"
        assert len(sandbox.testrail.cases) >= 60


def test_a_seed_can_make_testrail_an_old_server(tmp_path: Path) -> None:
    path = tmp_path / "world.yaml"
    path.write_text("testrail: {paginated: false}")
    with start("--seed", str(path)) as sandbox:
        env = sandbox.env
        key = base64.b64encode(b"qa@sandbox.test:sandbox-testrail-key").decode()
        url = f"{env['TESTRAIL_BASE_URL']}/index.php?/api/v2/get_projects"
        request = urllib.request.Request(url, headers={"Authorization": f"Basic {key}"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert isinstance(json.load(answer), list)


SEEDS = {
    "slack: {channel: []}": "slack has no 'channel'",
    "jira: {}": "unknown service 'jira'",
    "- a": "must be a mapping",
    "{": "cannot be read as YAML",
    "slack: 5": "slack must be a mapping",
}


@pytest.mark.parametrize("text", sorted(SEEDS))
def test_a_bad_seed_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "world.yaml"
    path.write_text(text)
    with pytest.raises(SandboxError) as caught, start("--seed", str(path)):
        pass
    assert SEEDS[text] in str(caught.value)
    assert "Traceback" not in str(caught.value)


def test_missing_packages_are_named_with_the_way_to_get_them(tmp_path: Path) -> None:
    (tmp_path / "starlette.py").write_text("raise ModuleNotFoundError('no', name='starlette')")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "qlty.sandbox", "--port", "0"],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert 'pip install "qlty-framework[sandbox]"' in done.stderr


LIGHT = """
import sys
before = set(sys.modules)
import qlty.sandbox
heavy = {"uvicorn", "starlette", "jinja2", "yaml", "sqlite3", "asyncio"}
print(sorted(heavy & (set(sys.modules) - before)))
"""


def test_importing_the_room_loads_no_server() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIGHT], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_file_is_read_by_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "world.db"
    file.touch(0o644)
    with start("--db", str(file)):
        assert {each.stat().st_mode & 0o777 for each in tmp_path.iterdir()} == {0o600}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--db", "/nowhere/world.db"], "--db /nowhere/world.db cannot be used: No such file"),
        (["--db", str(ROOT)], "cannot be used: Is a directory"),
        (["--port", "abc"], "'abc' is no number from 0 to 65535"),
        (["--port", "70000"], "'70000' is no number from 0 to 65535"),
        (["--keep", "0"], "'0' is no number from 1"),
    ],
)
def test_what_cannot_be_used_is_said_in_a_line(
    capsys: pytest.CaptureFixture[str], options: list[str], words: str
) -> None:
    try:
        status: object = main(["--port", "0", *options])
    except SystemExit as left:
        status = left.code
    assert status in (1, 2)
    assert words in capsys.readouterr().err


def test_a_file_that_is_no_database_is_left_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("these are notes, and no database " * 100)
    file.chmod(0o644)
    assert main(["--port", "0", "--db", str(file)]) == 1
    assert "cannot be used: file is not a database" in capsys.readouterr().err
    assert file.stat().st_mode & 0o777 == 0o644
