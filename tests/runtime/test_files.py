"""Nothing of ours is read from, or written into, what is no file of this user."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys

import pytest

from qlty.delivery import History, Outbox
from qlty.errors import OutboxError
from qlty.runs import StateDir
from qlty.runtime.files import check_folder, is_own_file, open_own, reading


def make(kind, path):
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "link":
        other = path.with_name("somebody's")
        other.write_text("kept")
        path.symlink_to(other)
    else:
        path.symlink_to("/dev/null")
    return path


KINDS = ["fifo", "folder", "link", "device"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("flags", [os.O_RDONLY, os.O_RDWR, os.O_WRONLY | os.O_CREAT | os.O_TRUNC])
def test_what_is_no_file_is_not_opened(tmp_path, kind, flags):
    path = make(kind, tmp_path / "x")
    with pytest.raises(OSError, match=r"symbolic link|no regular file|directory"):
        open_own(path, flags)
    assert not is_own_file(path)
    if kind == "link":
        assert path.read_text() == "kept"


def test_a_device_is_not_opened():
    with pytest.raises(OSError, match="no regular file"):
        open_own(os.devnull, os.O_RDWR)


def test_a_file_is_made_for_its_owner_alone_emptied_and_read(tmp_path):
    path = tmp_path / "x"
    os.close(open_own(path, os.O_WRONLY | os.O_CREAT))
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("old")
    assert is_own_file(path)
    os.close(open_own(path, os.O_WRONLY | os.O_TRUNC))
    with reading(path) as file:
        assert file.read() == b""


@pytest.mark.parametrize("kind", ["fifo", "folder", "link"])
def test_a_history_that_is_no_file_is_neither_read_nor_replaced(tmp_path, kind):
    path = make(kind, tmp_path / "history.jsonl")
    before = path.lstat()
    history = History.load(path)
    assert history.known is False
    history.save()
    assert "the history" in history.trouble
    assert path.lstat().st_ino == before.st_ino


def test_a_device_as_history_stays_what_it_is(tmp_path):
    history = History.load(tmp_path.__class__(os.devnull))
    history.save()
    assert "no regular file" in history.trouble
    assert not os.path.exists(f"{os.devnull}.lock")


def test_a_lock_that_somebody_holds_is_not_waited_for_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr("qlty.delivery._history._LOCK_TIMEOUT", 0.2)
    path = tmp_path / "history.jsonl"
    holder = "import fcntl,sys; f=open(sys.argv[1],'w'); fcntl.lockf(f, fcntl.LOCK_EX); print(1, flush=True); input()"
    lock = f"{path}.lock"
    with subprocess.Popen(
        [sys.executable, "-c", holder, lock], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        process.stdout.readline()
        history = History.load(path)
        history.save()
        process.stdin.close()
    assert "another process has held its lock" in history.trouble
    history.save()
    assert path.exists()


def test_a_file_system_without_locks_costs_no_history(tmp_path, monkeypatch):
    def no_locks(*_):
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr("qlty.delivery._history.lockf", no_locks)
    history = History.load(tmp_path / "history.jsonl")
    history.save()
    assert history.trouble is None
    assert fcntl.LOCK_EX


@pytest.mark.parametrize("kind", KINDS)
def test_an_outbox_that_is_no_file_costs_durability_alone(tmp_path, kind):
    path = make(kind, tmp_path / "outbox.sqlite3")
    outbox = Outbox.open(path)
    assert not outbox.durable
    assert str(path) in outbox.trouble
    outbox.close()


def test_a_state_folder_that_is_a_link_is_not_used(tmp_path):
    real, link = tmp_path / "real", tmp_path / "link"
    real.mkdir()
    link.symlink_to(real)
    assert "it is a symbolic link" in StateDir(link).ensure()
    assert list(real.iterdir()) == []


def test_a_state_folder_that_everybody_may_write_to_is_not_used(tmp_path):
    folder = tmp_path / "state"
    folder.mkdir()
    folder.chmod(0o777)
    assert "every user may write to it" in StateDir(folder).ensure()
    folder.chmod(0o770)
    assert StateDir(folder).ensure() is None


def test_what_is_no_file_among_the_runs_is_left_alone(tmp_path):
    state = StateDir(tmp_path / "state")
    state.ensure()
    make("fifo", state.runs / "20260101-000000-aaaaaa.jsonl")
    make("link", state.runs / "20260101-000000-bbbbbb.jsonl")
    state.prune(0)
    from qlty.runs import dead_records

    assert dead_records(state) == []
    assert len(list(state.runs.iterdir())) == 3


def test_a_folder_that_is_none_is_said(tmp_path):
    file = tmp_path / "x"
    file.write_text("")
    with pytest.raises(OSError, match="no folder"):
        check_folder(file)


def test_an_outbox_in_a_folder_that_everybody_may_write_to_is_not_sent(tmp_path):
    Outbox.open(tmp_path / "outbox.sqlite3").close()
    tmp_path.chmod(0o777)
    with pytest.raises(OutboxError, match="every user may write to it"):
        Outbox.open_existing(tmp_path / "outbox.sqlite3")
