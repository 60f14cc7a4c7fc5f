"""A sender that dies at any point: the next one continues, and nothing is there twice."""

from __future__ import annotations

import json

import pytest

from qlty.classes.integrations.testrail_integration import TestRailIntegration
from qlty.delivery import Job


class Killed(BaseException):
    """The process is gone; nothing of it runs any more."""


class Storage:
    """A job's checkpoint on disk; the sender dies right before or right after a commit."""

    def __init__(self, job, at, after):
        self.job, self.at, self.after = job, at, after
        self.stored = json.dumps({})
        self.commits = 0

    def commit(self, checkpoint):
        self.commits += 1
        if self.commits == self.at and not self.after:
            raise Killed
        self.stored = json.dumps(checkpoint)
        if self.commits == self.at:
            raise Killed

    def send(self):
        job = self.job
        again = Job(job.id, job.integration, job.kind, job.key, job.target, job.payload)
        again.checkpoint = json.loads(self.stored)
        again._commit = self.commit
        return TestRailIntegration().send(again)


def deliver_with_a_kill(run, at, after):
    """Send with one kill; return whether there was one."""
    storage = Storage(run.desk.jobs[0], at, after)
    try:
        storage.send()
    except Killed:
        storage.send()
        return True
    return False


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("plan", [False, True], ids=["run", "plan"])
def test_a_kill_at_any_commit_loses_nothing_and_doubles_nothing(
    project, ended, tmp_path, after, plan
):
    file = tmp_path / "evidence.txt"
    file.write_text("seen")
    kills = 0
    while True:
        project.sandbox.reset()
        rail = project.use(PLAN_ID="", CLOSE_PLAN="", CLOSE_RUN="").run().integration._rail()
        if plan:
            plan_id = rail.api.plans.add_plan(1, "Release").json()["id"]
            project.use(PLAN_ID=plan_id, CLOSE_PLAN=True)
        else:
            project.use(CLOSE_RUN=True)
        tests = [ended([1]), ended([2], "failed", attachments=[str(file)]), ended([3])]
        run = project.run(*tests, log_path=str(file))
        run.end(send=False)
        killed = deliver_with_a_kill(run, kills + 1, after)
        (there,) = project.sandbox.testrail.runs
        assert sorted(result["case_id"] for result in there["results"]) == [1, 2, 3]
        assert len(there["attachments"]) == 2
        assert there["is_completed"]
        if not killed:
            break
        kills += 1
    assert kills >= 8
