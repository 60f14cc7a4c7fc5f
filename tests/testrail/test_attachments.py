"""Files beside results, against the sandbox's TestRail."""

from __future__ import annotations

import pytest

from qlty.classes.integrations._testrail import files, limits
from qlty.errors import AnswerLost, RetryLater


def names_by_case(project):
    """Name and size of the files of each case, and those of the run under ``None``."""
    (run,) = project.sandbox.testrail.runs
    found = {}
    for row in run["attachments"]:
        owners = [r["case_id"] for r in run["results"] if row["id"] in r["attachment_ids"]]
        found.setdefault(owners[0] if owners else None, []).append((row["name"], row["size"]))
    return {case: sorted(rows) for case, rows in found.items()}


@pytest.fixture
def file(tmp_path):
    def make(name, content=b"evidence"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        return str(path)

    return make


def test_files_go_to_the_result_of_their_own_case(project, ended, file):
    tests = [
        ended([3], "failed", attachments=[file("three.png", b"\x89PNG\0")]),
        ended([1]),
        ended([2], "failed", attachments=[file("two.txt"), file("more.txt", b"12345")]),
    ]
    project.run(*tests).end()
    assert names_by_case(project) == {
        3: [("three.png", 5)],
        2: [("more.txt", 5), ("two.txt", 8)],
    }


def test_files_in_the_results_folder_of_a_failed_test_are_attached(project, ended, file, tmp_path):
    file("evidence/screenshot.png")
    file("evidence/system.log")
    project.run(ended([1], "failed", results_dir=str(tmp_path / "evidence"))).end()
    assert names_by_case(project) == {1: [("screenshot.png", 8), ("system.log", 8)]}


@pytest.mark.parametrize(("attach", "wanted"), [("failed", {2}), ("all", {1, 2}), ("never", set())])
def test_settings_say_whose_files_are_attached(project, ended, file, attach, wanted):
    tests = [ended([1], attachments=[file("a")]), ended([2], "failed", attachments=[file("b")])]
    project.use(ATTACH=attach).run(*tests).end()
    assert set(names_by_case(project)) == wanted


def test_the_console_log_is_attached_to_the_run(project, ended, file):
    project.run(ended([1]), log_path=file("console.log")).end()
    assert names_by_case(project) == {None: [("console.log", 8)]}


def test_the_console_log_may_be_kept_back(project, ended, file):
    project.use(ATTACH_LOG=False).run(ended([1]), log_path=file("console.log")).end()
    assert names_by_case(project) == {}


def test_files_that_cannot_be_sent_are_named_and_cost_the_others_nothing(
    project, ended, file, tmp_path, monkeypatch
):
    monkeypatch.setattr(files, "ATTACHMENT_BYTES", 10)
    given = [
        file("empty.txt", b""),
        str(tmp_path / "gone.txt"),
        file("big.bin", b"x" * 11),
        file("ok"),
    ]
    sent = project.run(ended([1], "failed", attachments=given)).end()
    assert names_by_case(project) == {1: [("ok", 8)]}
    assert sent.notes == (
        "empty.txt was not attached: it is empty, which TestRail refuses",
        "gone.txt was not attached: No such file or directory",
        "big.bin was not attached: 11 bytes, TestRail takes 10",
    )


def test_the_limit_is_that_of_the_vendor():
    assert limits.ATTACHMENT_BYTES == 268_435_456


def test_a_refused_file_is_named_with_testrails_words(project, ended, file):
    run = project.run(ended([1], "failed", attachments=[file("a"), file("b")]))
    run.end(send=False)
    project.sandbox.chaos({"testrail/add_attachment_to_result": {"status": 413, "times": 1}})
    sent = run.desk.send()
    assert names_by_case(project) == {1: [("b", 8)]}
    assert sent.notes[0].startswith("a was not attached: TestRail answered 413")


def test_after_too_many_calls_the_whole_file_is_sent(project, ended, file):
    """The client itself would send an empty file: its handle stands at the end."""
    run = project.run(ended([1], "failed", attachments=[file("big.bin", b"x" * 5147)]))
    run.end(send=False)
    rule = {"status": 429, "retry_after": 1, "times": 1}
    project.sandbox.chaos({"testrail/add_attachment_to_result": rule})
    run.desk.send()
    assert names_by_case(project) == {1: [("big.bin", 5147)]}


@pytest.mark.parametrize("where", ["result", "run"])
def test_a_lost_answer_to_a_file_doubles_nothing(project, ended, file, where):
    tests = [ended([1], "failed", attachments=[file("a.txt"), file("b.txt")])]
    run = project.run(*tests, log_path=file("console.log"))
    run.end(send=False)
    project.sandbox.chaos({f"testrail/add_attachment_to_{where}": {"mode": "drop", "times": 1}})
    with pytest.raises(AnswerLost):
        run.desk.send()
    run.desk.new_process()
    run.desk.send()
    assert names_by_case(project) == {
        1: [("a.txt", 8), ("b.txt", 8)],
        None: [("console.log", 8)],
    }


def test_a_file_whose_request_never_arrived_is_sent_again(project, ended, file):
    run = project.run(ended([1], "failed", attachments=[file("a.txt")]))
    run.end(send=False)
    project.sandbox.chaos({"testrail/add_attachment_to_result": {"mode": "reset", "times": 1}})
    with pytest.raises((AnswerLost, RetryLater)):
        run.desk.send()
    run.desk.new_process()
    run.desk.send()
    assert names_by_case(project) == {1: [("a.txt", 8)]}


def test_secrets_in_text_are_masked_and_binary_files_are_not_touched(project, ended, file):
    key = project.environ["TESTRAIL_API_KEY"].encode()
    text, binary = file("log.txt", b"key=" + key + b" \xff end\r\n"), file("dump.bin", b"\0" + key)
    project.run(ended([1], "failed", attachments=[text, binary])).end()
    assert names_by_case(project) == {
        1: [("dump.bin", 1 + len(key)), ("log.txt", len(b"key=*** \xff end\r\n"))]
    }
