"""The steps of a delivery: look up, run, results, files, close; each is made once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qlty.classes.integrations._testrail import target as targets
from qlty.classes.integrations._testrail.chunks import chunks
from qlty.classes.integrations._testrail.client import BadRequest, named_case
from qlty.classes.integrations._testrail.files import attach, uploads
from qlty.classes.integrations._testrail.limits import (
    FEWEST_RESULTS_PER_CALL,
    RESULTS_PER_CALL,
    UNTESTED_ID,
)
from qlty.classes.integrations._testrail.lookup import Cases, resolve
from qlty.classes.integrations._testrail.merging import Manner, Result, by_case, results, token_in
from qlty.delivery import Sent
from qlty.errors import AnswerLost, Refused, RemoteFailed
from qlty.results import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qlty.classes.integrations._testrail.client import TestRail
    from qlty.classes.integrations._testrail.payload import Payload
    from qlty.classes.integrations._testrail.progress import Progress
    from qlty.classes.integrations._testrail.target import Run

#: how often a refusal that names no case is narrowed down, with nothing stored in between, before
#: everything is refused
_SEARCHES = 20

#: how far the results have come before the first of them
_NOTHING_DONE: dict[str, Any] = {"done": 0, "suspects": []}

#: ids that one line of the receipt names
_NAMED = 10


@dataclass
class Memory:
    """What a sender knows of one QLTY run from its earlier deliveries; TestRail knows it too.

    Attributes:
        cases: the project's cases, as far as they were read.
        run: the run that results go into.
        case_ids: the cases of that run.
        stored: result and test of each token that the run holds.
    """

    cases: Cases
    run: Run | None = None
    case_ids: set[int] | None = None
    stored: dict[str, tuple[int, int]] | None = None
    statuses: dict[str, int] = field(default_factory=dict)


class Steps:
    """Carries out one delivery, from where its last attempt ended."""

    def __init__(
        self, rail: TestRail, payload: Payload, progress: Progress, memory: Memory
    ) -> None:
        self._rail = rail
        self._payload = payload
        self._progress = progress
        self._memory = memory
        self._searches = _SEARCHES
        # once may be an accident; what fails again may be about something in the request
        self._took = False
        self._failed_before = progress.was_lost("results")

    def perform(self) -> Sent:
        """Make every step that is left.

        Raises:
            RetryLater, Refused, AnswerLost: as the client says; what was stored stays stored.
        """
        found = self._results()
        run = self._run(found)
        if run is None:
            text = "nothing was sent: no result belongs to a case"
            return Sent(text, notes=self._notes(), counts=False)
        self._store(run, found)
        kept = self._kept(found)
        ids = self._progress.get("ids", {})
        attach(self._rail, self._progress, uploads(kept, ids, run.id, self._payload.log_path))
        self._close(run)
        text = self._told(run, kept)
        return Sent(text, (run.url,) if text else (), self._notes(), counts=bool(text))

    def _told(self, run: Run, kept: Sequence[Result]) -> str:
        """Say what arrived; of a live run's deliveries the last one is worth a word."""
        if not self._payload.live:
            return f"run R{run.id}: {counted(len(kept), 'result')}"
        if not self._payload.reported:
            return ""
        tests = {test_id for _, test_id in (self._memory.stored or {}).values()}
        return f"run R{run.id}: live, results of {counted(len(tests), 'case')}"

    def _results(self) -> list[Result]:
        """Return the result of every case, in order: the same in every attempt."""
        payload = self._payload
        if self._progress.get("unknown") is None:
            self._look_up()
        tests = resolve(payload.tests, self._progress.get("named"))
        manner = Manner(
            run_id=payload.target.qlty_run_id,
            status_ids=self._status_ids(),
            ci_url=payload.ci_url,
            version=payload.version,
            values=payload.values,
        )
        return list(results(by_case(tests), manner))

    def _look_up(self) -> None:
        """Look at the first page of the project's cases; what it does not hold is in doubt.

        TestRail refuses a run with a case that does not exist, and makes none. So a large project
        is read page by page only after such a refusal: 10,000 cases are 40 calls.
        """
        tests, cases, beat = self._payload.tests, self._memory.cases, self._progress.save
        names = {name for test in tests for name in test.automation_ids}
        named = cases.named(self._rail, names, beat)
        unseen = cases.unseen(self._rail, self._case_ids(), beat)
        unknown = unseen if cases.complete else []
        self._progress.save(named=named, unknown=unknown, checked=cases.complete or not unseen)

    def _case_ids(self) -> set[int]:
        return {id_ for test in self._payload.tests for id_ in test.case_ids}

    def _found_unknown(self) -> bool:
        """Look up every case that is still in doubt; say whether one does not exist."""
        if self._progress.get("checked"):
            return False
        beat = self._progress.save
        unknown = self._memory.cases.unknown(self._rail, self._case_ids(), beat)
        self._progress.save(unknown=unknown, checked=True)
        return bool(unknown)

    def _status_ids(self) -> dict[str, int]:
        known = self._payload.status_ids or self._memory.statuses
        if not known:
            known = status_ids(self._rail)
            self._memory.statuses = known
        for test in self._payload.tests:
            if test.status is not None and test.status not in known:
                raise Refused(
                    f"TestRail has no status {test.status!r}; it has {', '.join(sorted(known))}"
                )
        return known

    def _run(self, found: Sequence[Result]) -> Run | None:
        run = self._known_run()
        run = run or self._create(found)
        if run is None:
            return None
        self._memory.run = run
        self._progress.save(testrail_run_id=run.id, testrail_run_url=run.url)
        closed_by_us = self._progress.get("closed") or self._progress.was_lost("close")
        if run.is_completed and not closed_by_us:
            raise Refused(f"run R{run.id} is closed: TestRail takes no more results for it")
        if self._payload.live or self._payload.target.run_id:
            self._include(run, found)
        return run

    def _known_run(self) -> Run | None:
        """Return the run, unless it is certain that it is yet to be made."""
        run_id = self._progress.get("testrail_run_id") or self._payload.target.run_id
        if self._memory.run is not None:
            return self._memory.run
        if run_id:
            return targets.read(self._rail, run_id)
        if self._payload.live or self._progress.was_lost("run"):
            return targets.find(self._rail, self._payload.target)
        return None

    def _create(self, found: Sequence[Result]) -> Run | None:
        """Make the run; ``None`` where no case is left to make it with."""
        while wanted := [result.case_id for result in self._kept(found)]:
            try:
                with self._progress.announced("run"):
                    run = targets.create(self._rail, self._payload.target, wanted)
            except BadRequest as error:
                if not self._found_unknown():
                    self._drop_vanished(wanted, error)
                continue
            self._progress.finish(testrail_run_id=run.id, testrail_run_url=run.url)
            self._memory.case_ids, self._memory.stored = set(wanted), {}
            self._compare(run, wanted)
            return run
        return None

    def _compare(self, run: Run, wanted: Sequence[int]) -> None:
        """See whether TestRail left cases out of the new run without a word."""
        if run.untested is None or run.untested >= len(wanted) or self._progress.get("checked"):
            return
        self._memory.case_ids = targets.case_ids_in(self._rail, run)
        missing = [case_id for case_id in wanted if case_id not in self._memory.case_ids]
        self._progress.save(unknown=[*self._progress.get("unknown"), *missing], checked=True)

    def _drop_vanished(self, wanted: Sequence[int], error: BadRequest) -> None:
        """Leave out cases that were deleted since they were looked up.

        Raises:
            BadRequest: there are none, or there are no others.
        """
        named = named_case(error)
        vanished = (
            [named]
            if named is not None and named in wanted
            else self._memory.cases.vanished(self._rail, wanted)
        )
        if not vanished or len(vanished) == len(wanted):
            raise error
        for case_id in vanished:
            self._progress.drop(case_id, error.reason)

    def _include(self, run: Run, found: Sequence[Result]) -> None:
        """See to it that the run has these cases; an existing run is changed only if asked to."""
        if self._memory.case_ids is None:
            self._memory.case_ids = targets.case_ids_in(self._rail, run)
        ours = self._payload.target.run_id is None
        if (ours or self._payload.target.extend) and not run.include_all:
            self._extend(run, found, self._memory.case_ids)
        elif self._missing(found):
            self._found_unknown()
            for case_id in self._missing(found):
                self._progress.drop(case_id, f"it is not in run R{run.id}")

    def _extend(self, run: Run, found: Sequence[Result], has: set[int]) -> None:
        while missing := self._missing(found):
            try:
                targets.extend(self._rail, run, has | set(missing))
            except BadRequest:
                if not self._found_unknown():
                    raise
                continue
            self._memory.case_ids = has | set(missing)

    def _missing(self, found: Sequence[Result]) -> list[int]:
        has = self._memory.case_ids or set()
        return [result.case_id for result in self._kept(found) if result.case_id not in has]

    def _store(self, run: Run, found: Sequence[Result]) -> None:
        self._remember_stored(run)
        left = found[self._progress.get("done", 0) :]
        before = {name: self._progress.get(name, start) for name, start in _NOTHING_DONE.items()}
        try:
            for chunk in list(chunks(left, _body, self._most_per_call())):
                self._store_chunk(run, chunk)
            self._store_suspects(run, found)
        except RemoteFailed:
            if not self._took:  # it fails at everything, so nothing is suspect
                self._progress.save(**before)
            raise
        if self._progress.dropped and not self._kept(found):
            raise Refused(f"none of the results was taken: {self._notes()[0]}")

    def _most_per_call(self) -> int:
        most: int = self._progress.get("most", RESULTS_PER_CALL)
        if self._progress.was_lost("results"):
            most = max(most // 4, FEWEST_RESULTS_PER_CALL)
            self._progress.save(most=most)
        return most

    def _kept(self, found: Sequence[Result]) -> list[Result]:
        gone = {*map(int, self._progress.dropped), *self._progress.get("unknown")}
        return [result for result in found if result.case_id not in gone]

    def _remember_stored(self, run: Run) -> None:
        """Read what the run holds, where this process cannot know it."""
        new_to_it = self._memory.stored is None and self._payload.live
        if new_to_it or self._progress.was_lost("results"):
            self._read_stored(run)

    def _read_stored(self, run: Run) -> None:
        call = self._rail.api.results.get_results_for_run
        rows = self._rail.all(call, "results", run.id)
        tokens = ((token_in(row.get("comment")), row) for row in rows)
        self._memory.stored = {
            token: (row["id"], row["test_id"]) for token, row in tokens if token is not None
        }

    def _store_chunk(self, run: Run, chunk: Sequence[Result]) -> None:
        """Store those results of a chunk that are not stored yet and that TestRail takes."""
        stored = self._memory.stored or {}
        ids = {r.case_id: stored[r.token] for r in chunk if r.token in stored}
        left = [r for r in self._kept(chunk) if r.token not in stored]
        while left:
            try:
                ids |= self._post(run, left)
            except BadRequest as error:
                if not self._can_drop(left, error):
                    self._store_halves(run, chunk, error)
                    return
                left = self._kept(left)
                continue
            except RemoteFailed as error:
                self._narrow_failure(run, chunk, error)
                return
            break
        self._finish_chunk(chunk, ids)

    def _can_drop(self, refused: Sequence[Result], error: BadRequest) -> bool:
        """Leave out the one result that a refusal is about, if it says which."""
        named = named_case(error)
        if len(refused) > 1 and named not in {result.case_id for result in refused}:
            return False
        self._progress.drop(named or refused[0].case_id, error.reason)
        return True

    def _store_halves(
        self, run: Run, chunk: Sequence[Result], error: BadRequest | RemoteFailed
    ) -> None:
        """Narrow a failure that names no case down, so that one bad result costs no others.

        Raises:
            BadRequest, RemoteFailed: it is not about single results.
        """
        self._searches -= 1
        if self._searches < 0:
            raise error
        half = len(chunk) // 2
        self._store_chunk(run, chunk[:half])
        self._store_chunk(run, chunk[half:])

    def _narrow_failure(self, run: Run, chunk: Sequence[Result], error: RemoteFailed) -> None:
        """Find the results that TestRail fails at: they are set aside, the others are stored.

        Raises:
            RemoteFailed: it is the first time, or TestRail fails at everything.
        """
        if not self._failed_before:
            raise error
        self._read_stored(run)
        if len(chunk) > 1:
            self._store_halves(run, chunk, error)
            return
        suspects = {*self._progress.get("suspects", []), chunk[0].case_id}
        self._progress.save(suspects=sorted(suspects))
        self._finish_chunk(chunk, {})

    def _store_suspects(self, run: Run, found: Sequence[Result]) -> None:
        """Try what was set aside once more; what TestRail still fails at is left out.

        Raises:
            RemoteFailed: it took nothing else meanwhile, so that they are not known to be at fault.
        """
        failed: dict[int, RemoteFailed] = {}
        suspects = self._progress.get("suspects", [])
        for result in [result for result in found if result.case_id in suspects]:
            try:
                self._post(run, [result])
            except RemoteFailed as error:
                failed[result.case_id] = error
            self._progress.finish(suspects=list(failed))
        for case_id, failure in failed.items():
            if not self._took:
                raise failure
            self._progress.drop(case_id, failure.reason)
        self._progress.save(suspects=[])

    def _post(self, run: Run, left: Sequence[Result]) -> dict[int, tuple[int, int]]:
        """Store results in one call; return result and test of each case."""
        with self._progress.announced("results"):
            call = self._rail.api.results.add_results_for_cases
            answer = self._rail.write(call, run.id, [*map(_body, left)])
        self._took = True
        self._searches = _SEARCHES  # what TestRail fails at or refuses is not everything
        return _ids(left, answer)

    def _finish_chunk(self, chunk: Sequence[Result], ids: dict[int, tuple[int, int]]) -> None:
        if self._memory.stored is not None:
            self._memory.stored.update({r.token: ids[r.case_id] for r in chunk if r.case_id in ids})
        files = {str(r.case_id): ids[r.case_id] for r in chunk if r.files and r.case_id in ids}
        self._progress.finish(
            done=self._progress.get("done", 0) + len(chunk),
            ids={**self._progress.get("ids", {}), **files},
        )

    def _close(self, run: Run) -> None:
        close = self._payload.close
        if close is None or self._progress.get("closed"):
            return
        plan = close == "plan"
        obstacle = self._not_stored(run)
        if not plan and run.plan_id:
            obstacle = f"it belongs to plan {run.plan_id} and closes with it"
        if obstacle:
            self._progress.note(f"the {close} stays open: {obstacle}")
            return
        if self._progress.was_lost("close") and targets.closed(self._rail, run, plan=plan):
            return
        with self._progress.announced("close"):
            targets.close(self._rail, run, plan=plan)
        self._progress.finish(closed=True)

    def _not_stored(self, run: Run) -> str:
        """Say what is missing, empty where every result was stored."""
        count = len(self._progress.dropped) + len(self._progress.get("unknown"))
        if self._payload.live:
            tests = self._rail.all(self._rail.api.tests.get_tests, "tests", run.id)
            told = {test["case_id"] for test in tests if test.get("status_id") != UNTESTED_ID}
            count = len(set(self._payload.reported) - told)
        return f"{counted(count, 'result')} could not be stored" if count else ""

    def _notes(self) -> tuple[str, ...]:
        lines = []
        if unknown := self._progress.get("unknown"):
            lines.append(f"cases that do not exist: {some(unknown)}")
        by_reason: dict[str, list[int]] = {}
        for case_id, reason in self._progress.dropped.items():
            by_reason.setdefault(reason, []).append(int(case_id))
        lines += [f"left out {some(ids)}: {reason}" for reason, ids in by_reason.items()]
        return (*lines, *self._progress.get("notes", []))


def status_ids(rail: TestRail) -> dict[str, int]:
    """Return the number of each status that a result may have, by its system name."""
    rows = rail.read(rail.api.statuses.get_statuses)
    return {row["name"]: row["id"] for row in rows if row["id"] != UNTESTED_ID}


def _body(result: Result) -> dict[str, Any]:
    return result.body


def _ids(sent: Sequence[Result], answer: Any) -> dict[int, tuple[int, int]]:
    """Return result and test of each case: TestRail answers in the order of the request.

    Raises:
        AnswerLost: it names more or fewer, so nobody knows what it stored.
    """
    if len(answer) != len(sent):
        raise AnswerLost(f"TestRail named {len(answer)} of {counted(len(sent), 'result')}")
    return {r.case_id: (row["id"], row["test_id"]) for r, row in zip(sent, answer, strict=True)}


def some(case_ids: Sequence[int]) -> str:
    """Return the first of the ids as TestRail writes them, and how many more there are."""
    shown = ", ".join(f"C{case_id}" for case_id in case_ids[:_NAMED])
    return shown if len(case_ids) <= _NAMED else f"{shown} and {len(case_ids) - _NAMED} more"
