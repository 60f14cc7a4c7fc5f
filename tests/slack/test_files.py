"""Reports and screenshots in the thread."""

from __future__ import annotations

import pytest

from qlty.classes.integrations._slack import files, limits

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_report_is_put_into_the_thread(slack, make, here):
    (here / "reports").mkdir()
    (here / "reports" / "report.html").write_text("<p>all of it</p>")
    slack.set(FILES="reports/*.html")
    slack.post(make.result("a.py::test_one"))
    (reply,) = slack.replies
    assert [file["name"] for file in reply["files"]] == ["report.html"]
    assert reply["thread_ts"] == slack.parents[0]["ts"]


def test_screenshots_of_failed_tests_are_put_into_the_thread(slack, make, here):
    shot = here / "shot.png"
    shot.write_bytes(PNG)
    slack.post(make.failed("a.py::test_one", attachments=[str(shot)]))
    (file,) = slack.sandbox.slack.files
    assert (file["name"], file["size"], file["state"]) == ("shot.png", len(PNG), "shared")


def test_evidence_of_passed_tests_is_not(slack, make, here):
    (here / "shot.png").write_bytes(PNG)
    slack.post(make.result("a.py::test_one", attachments=[str(here / "shot.png")]))
    assert slack.sandbox.slack.files == []


def test_evidence_can_be_turned_off(slack, make, here):
    (here / "shot.png").write_bytes(PNG)
    slack.set(ATTACHMENTS=False)
    slack.post(make.failed("a.py::test_one", attachments=[str(here / "shot.png")]))
    assert slack.sandbox.slack.files == []


def test_all_files_are_one_message(slack, make, here):
    for name in ("a.txt", "b.txt"):
        (here / name).write_text(name)
    slack.set(FILES=["*.txt"])
    slack.post(make.result("a.py::test_one"))
    assert len(slack.replies) == 1
    assert len(slack.calls("files.completeUploadExternal")) == 1


def test_files_whose_answer_was_lost_are_found_and_not_shared_twice(slack, make, here):
    (here / "report.html").write_text("x")
    slack.set(FILES="report.html")
    slack.sandbox.chaos({"slack/files.completeUploadExternal": {"mode": "drop", "times": 1}})
    slack.post(make.result("a.py::test_one"))
    assert len(slack.replies) == 1
    assert slack.rows[0].state == "delivered"


@pytest.mark.parametrize(
    "call", ["files.getUploadURLExternal", "upload", "files.completeUploadExternal"]
)
def test_an_upload_that_failed_is_tried_again_and_the_message_is_not(slack, make, here, call):
    (here / "report.html").write_text("x")
    slack.set(FILES="report.html")
    slack.sandbox.chaos({f"slack/{call}": {"status": 503, "times": 1}})
    slack.post(make.failed("a.py::test_one"))
    assert len(slack.parents) == 1
    assert len([reply for reply in slack.replies if reply.get("files")]) == 1


def test_a_missing_scope_costs_the_files_only_and_is_named(slack, make, here):
    (here / "report.html").write_text("x")
    slack.set(FILES="report.html", AUTH_TOKEN="xoxb-sandbox-limited")
    slack.post(make.result("a.py::test_one"))
    (row,) = slack.rows
    assert row.state == "delivered"
    assert (
        "files were not uploaded: missing_scope: the app needs the scope files:write"
        in row.sent.notes[0]
    )


def test_secrets_in_text_files_are_masked(slack, make, here):
    token = slack.sandbox.env["SLACK_AUTH_TOKEN"]
    (here / "log.txt").write_text(f"Authorization: Bearer {token}")
    slack.set(FILES="log.txt")
    slack.post(make.result("a.py::test_one"))
    uploads = [call for call in slack.sandbox.calls if call["call"] == "upload"]
    assert len(uploads) == 1
    assert token not in str(uploads)


def test_a_file_that_vanished_is_said(slack, make, here):
    path = here / "report.html"
    path.write_text("x")
    slack.set(FILES="report.html")
    slack.end(make.result("a.py::test_one"))
    path.unlink()
    slack.drain()
    assert slack.rows[0].sent.notes == ("report.html was not uploaded: No such file or directory",)


def test_files_that_are_empty_too_large_or_too_many_are_left_out(make, here, monkeypatch):
    monkeypatch.setattr(limits, "FILE_BYTES", 100)
    (here / "empty.txt").write_text("")
    (here / "large.txt").write_text("x" * 101)
    for n in range(limits.FILES + 3):
        (here / f"n{n:02}.txt").write_text("x")
    results = make.results(make.failed("a.py::t", attachments=[str(here / "gone.png")]))
    chosen, problems = files.choose(["*.txt"], results, attachments=True)
    assert len(chosen) == limits.FILES
    assert problems == [
        "not uploaded: empty.txt: empty, which Slack refuses",
        "not uploaded: large.txt: larger than 0 MB",
        "not uploaded: n10.txt, n11.txt, n12.txt: a run has at most 10 files",
        "not uploaded: gone.png: no such file",
    ]


def test_all_files_together_are_bounded(make, here, monkeypatch):
    monkeypatch.setattr(limits, "ALL_FILES_BYTES", 250)
    for n in range(5):
        (here / f"{n}.txt").write_text("x" * 100)
    assert len(files.choose(["*.txt"], {}, attachments=True)[0]) == 2
