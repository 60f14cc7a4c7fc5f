"""``qlty-framework outbox`` as a person or a script calls it."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap

import pytest

from qlty.delivery import Masker, Outbox
from qlty.runs import StateDir

WEB = """
    import urllib.request

    import settings
    from qlty.delivery import Sent
    from qlty.errors import AnswerLost, Refused


    class Web:
        def target(self):
            return "remote"

        def send(self, job):
            if job.payload["text"] == "lost":
                raise AnswerLost("no answer")
            request = urllib.request.Request(settings.URL, job.payload["text"].encode())
            urllib.request.urlopen(request, timeout=20).close()
            return Sent("sent " + job.payload["text"], (settings.URL + "/made",))

        def find(self, job):
            raise Refused("nobody can tell")
"""


@pytest.fixture
def project(tmp_path, remote):
    (tmp_path / "settings.py").write_text(f"URL = {remote.url!r}\n")
    (tmp_path / "web.py").write_text(textwrap.dedent(WEB))
    (tmp_path / "tests").mkdir()
    return tmp_path


@pytest.fixture
def outbox(project):
    state_dir = StateDir(project / ".qlty-framework")
    state_dir.ensure()
    outbox = Outbox.open(state_dir.outbox, Masker())
    yield outbox
    outbox.close()


@pytest.fixture
def put_web(put):
    return lambda text, **changes: put(text, **{"class_path": "web.Web", "kind": "post", **changes})


@pytest.fixture
def run(project):
    def command(*arguments, cwd=None, encoding=None):
        return subprocess.run(
            [sys.executable, "-m", "qlty", "outbox", *map(str, arguments)],
            cwd=cwd or project,
            capture_output=True,
            text=True,
            encoding=encoding,
            check=False,
            timeout=120,
        )

    return command


def test_deliver_sends_what_waits(put_web, run, remote):
    put_web("a")
    done = run("deliver")
    assert done.returncode == 0, done.stderr
    assert remote.effects == ["a"]
    assert f"web: sent a {remote.url}/made\n" in done.stdout


def test_deliver_works_from_a_folder_below_the_root(put_web, run, remote, project):
    put_web("a")
    assert run("deliver", cwd=project / "tests").returncode == 0
    assert remote.effects == ["a"]


def test_deliver_with_nothing_to_do_says_so(outbox, run):
    done = run("deliver")
    assert (done.returncode, done.stdout) == (0, "nothing to deliver\n")


def test_deliver_tells_only_of_what_it_sent(put_web, run):
    put_web("a")
    run("deliver")
    assert run("deliver").stdout == "nothing to deliver\n"


def test_deliver_exits_with_75_where_something_still_waits(put_web, run, remote):
    remote.script = [(503, {"Retry-After": "600"}, "{}")]
    put_web("a")
    done = run("deliver", "--timeout", 60)
    assert done.returncode == 75
    assert "HTTP 503" in done.stdout


def test_deliver_exits_with_1_where_something_was_refused(put_web, run, remote):
    remote.script = [(400, {}, '{"error": "no such channel"}')]
    put_web("a")
    done = run("deliver")
    assert done.returncode == 1
    assert "HTTP 400: no such channel" in done.stdout


def test_a_lost_delivery_is_sent_again_when_a_person_asks_for_it(outbox, put_web, run, remote):
    number = put_web("lost").id
    assert run("deliver").returncode == 1
    assert outbox.get(number).state == "lost"
    outbox.stores[0]._execute("UPDATE delivery SET payload = ?", ['{"text": "found"}'])
    assert run("retry", number).returncode == 0
    assert run("deliver").returncode == 0
    assert remote.effects == ["found"]


def test_retry_failed_takes_all_that_failed(put_web, run, remote):
    remote.script = [400, 400]
    put_web("a")
    put_web("b")
    run("deliver")
    assert run("retry", "--failed").stdout == "due: 1, 2\n"
    assert run("deliver").returncode == 0
    assert remote.effects == ["a", "b"]


def test_a_broken_settings_module_is_shown_and_nothing_is_lost(outbox, put_web, run, project):
    (project / "settings.py").write_text("raise RuntimeError('no vault')\n")
    put_web("a")
    done = run("deliver")
    assert done.returncode == 4
    assert "no vault" in done.stderr
    assert outbox.rows()[0].state == "waiting"


def test_list_shows_a_row_per_delivery(put_web, run):
    put_web("a")
    put_web("b", kind="")
    head, first, second = run("list").stdout.splitlines()
    assert head.split() == ["ID", "STATE", "INTEGRATION", "KIND", "AGE", "TRIED", "REASON"]
    assert first.split()[:4] == ["1", "waiting", "web", "post"]
    assert second.split()[:4] == ["2", "waiting", "web", "-"]


def test_an_empty_list_says_so(outbox, put_web, run):
    assert run("list").stdout == "the outbox is empty\n"
    put_web("a")
    assert run("list", "--state", "lost").stdout == "no such deliveries\n"


def test_a_state_that_does_not_exist_is_an_error(outbox, run):
    done = run("list", "--state", "lots")
    assert done.returncode == 4
    assert "given_up" in done.stderr


def test_retry_of_nothing_in_particular_is_an_error(outbox, run):
    done = run("retry")
    assert done.returncode == 4
    assert "--failed" in done.stderr


def test_one_unknown_number_keeps_no_other_from_being_dropped(put_web, run):
    put_web("a")
    done = run("drop", 77, 1)
    assert (done.returncode, done.stdout) == (1, "dropped: 1\n")
    assert "no delivery 77" in done.stderr


def test_list_as_json_can_be_filtered(outbox, put_web, run):
    put_web("a")
    outbox.drop(put_web("b").id)
    listed = json.loads(run("list", "--json", "--state", "dropped").stdout)
    assert [row["key"] for row in listed] == ["key-b"]


def test_show_has_the_payload(put_web, run):
    put_web("a")
    assert json.loads(run("show", 1, "--json").stdout)["payload"] == {"text": "a"}
    assert '"text": "a"' in run("show", 1).stdout


def test_drop_means_never_sent(put_web, run, remote):
    put_web("a")
    assert run("drop", 1).stdout == "dropped: 1\n"
    assert run("deliver").returncode == 0
    assert remote.effects == []


def test_prune_forgets_what_is_settled(outbox, put_web, run):
    outbox.drop(put_web("a").id)
    put_web("b")
    assert run("prune", "--days", 0).stdout == "forgotten: 1\n"
    assert len(outbox.rows()) == 1


@pytest.mark.parametrize("command", ["show", "retry", "drop"])
def test_an_unknown_number_is_an_error(outbox, run, command):
    done = run(command, 77)
    assert done.returncode == 1
    assert "no delivery 77" in done.stderr


def test_a_project_without_an_outbox_is_an_error(run):
    done = run("list", "--rootdir", ".")
    assert done.returncode == 1
    assert "there is no outbox at" in done.stderr
    assert "--rootdir" in done.stderr


def test_an_outbox_of_a_newer_version_is_not_touched(outbox, run):
    outbox.stores[0]._execute("PRAGMA user_version = 99", [])
    done = run("deliver")
    assert done.returncode == 1
    assert "schema 99" in done.stderr


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pytest.ini", "[pytest]\nqlty_settings = other\n"),
        ("pyproject.toml", '[tool.pytest.ini_options]\nqlty_settings = "other"\n'),
        ("pyproject.toml", '[tool.pytest]\nqlty_settings = "other"\n'),
        ("setup.cfg", "[tool:pytest]\nqlty_settings = other\n"),
        ("tox.ini", "[pytest]\nqlty_settings = other\n"),
    ],
)
def test_the_ini_file_of_pytest_is_read(put_web, run, remote, project, name, text):
    (project / "settings.py").rename(project / "other.py")
    (project / "web.py").write_text((project / "web.py").read_text().replace("settings", "other"))
    (project / name).write_text(text)
    put_web("a")
    assert run("deliver").returncode == 0
    assert remote.effects == ["a"]


def test_a_file_that_is_damaged_inside_is_said_in_one_line(run, put_web, outbox, project):
    for number in range(200):
        put_web("x" * 500, key=str(number))
    outbox.close()
    path = project / ".qlty-framework" / "outbox.sqlite3"
    content = bytearray(path.read_bytes())
    content[4096 * 3 : 4096 * 20] = b"\xff" * (4096 * 17)
    path.write_bytes(content)
    done = run("list")
    assert done.returncode == 1
    assert done.stderr.startswith("qlty-framework: error: the outbox cannot be read")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "99999999999999999999999"),
        ("drop", "-1"),
        ("deliver", "--timeout", "nan"),
        ("deliver", "--timeout", "-1"),
        ("prune", "--days", "-1"),
    ],
)
def test_numbers_that_cannot_be_are_refused(run, outbox, arguments):
    done = run(*arguments)
    assert done.returncode == 4
    assert "error: argument" in done.stderr or "invalid" in done.stderr


def test_whoever_reads_only_the_beginning_gets_no_traceback(run, put_web, outbox, project):
    for number in range(2000):
        put_web("a", key=str(number))
    command = f"{sys.executable} -m qlty outbox list --json | head -c 10"
    done = subprocess.run(
        ["bash", "-c", command], cwd=project, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


def test_a_delivery_that_never_expires_can_be_listed(run, put_web, outbox):
    put_web("a", expires_at=1e15)
    assert json.loads(run("list", "--json").stdout)[0]["expires"] == "never"


def test_what_is_for_another_target_is_named_and_is_no_reason_to_come_back(put_web, run):
    put_web("a", target="http://127.0.0.1:1 that is gone")
    done = run("deliver")
    assert done.returncode == 0
    assert "1 delivery waits for http://127.0.0.1:1 that is gone" in done.stderr
    assert "outbox drop --target 'http://127.0.0.1:1 that is gone'" in done.stderr
    assert run("drop", "--target", "http://127.0.0.1:1 that is gone").returncode == 0
    assert run("deliver").stderr == ""
    assert run("drop", "--target", "http://127.0.0.1:1 that is gone").returncode == 1


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_that_lacks_a_character_gets_an_escape(put_web, run, monkeypatch, encoding):
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    put_web("na\u00efve \u2192 \U0001f680", kind="\u2192")
    for command in (["list"], ["show", "1"], ["deliver"]):
        done = run(*command, encoding=encoding)
        assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    assert "\\u2192" in run("list", encoding=encoding).stdout
