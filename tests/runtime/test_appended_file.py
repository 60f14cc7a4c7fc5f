"""Nothing of ours is written into a file of the suite, whatever it does with descriptors."""

import os

import pytest

from qlty.runtime import AppendedFile


@pytest.fixture
def ours(tmp_path):
    file = AppendedFile(tmp_path / "ours")
    file.write(b"one\n")
    yield file
    file.close()


def take(number, path):
    """Close a descriptor and open another file under its number, as a test may do."""
    other = os.open(path, os.O_RDWR | os.O_CREAT)
    os.dup2(other, number)
    os.close(other)


def test_it_is_opened_again_where_its_number_means_another_file_by_now(ours, tmp_path):
    number = ours.number
    take(number, tmp_path / "theirs")
    ours.write(b"two\n")
    assert ours.path.read_bytes() == b"one\ntwo\n"
    assert (tmp_path / "theirs").read_bytes() == b""
    assert os.fstat(number).st_ino == (tmp_path / "theirs").stat().st_ino
    os.close(number)


def test_it_is_opened_again_where_it_was_closed(ours):
    os.close(ours.number)
    ours.write(b"two\n")
    assert ours.path.read_bytes() == b"one\ntwo\n"


@pytest.mark.parametrize("what", ["removed", "replaced", "a link"])
def test_a_file_that_is_not_ours_is_not_written(ours, tmp_path, what):
    theirs = tmp_path / "theirs"
    theirs.write_text("theirs")
    os.close(ours.number)
    ours.path.unlink()
    if what == "replaced":
        theirs.rename(ours.path)
    elif what == "a link":
        ours.path.symlink_to(theirs)
    with pytest.raises(OSError):
        ours.write(b"two\n")
    assert what == "removed" or ours.path.read_text() == "theirs"


def test_closing_it_leaves_the_suites_file_open(ours, tmp_path):
    number = ours.number
    take(number, tmp_path / "theirs")
    ours.close()
    assert os.write(number, b"still open") == 10
    os.close(number)


def test_a_disk_that_is_full_is_an_error(ours, monkeypatch):
    monkeypatch.setattr("qlty.runtime._descriptors.write", lambda number, data: len(data) - 1)
    with pytest.raises(OSError, match="disk is full"):
        ours.write(b"two\n")
