"""From tests to results: one per case, with the worst status."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qlty.classes.integrations._testrail.comments import comment
from qlty.classes.integrations._testrail.elapsed import timespan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from qlty.classes.integrations._testrail.tests import Test

#: from worst to best; a status of the site's own ranks above passed, for it was chosen over it
_RANKS = {"failed": 0, "retest": 1, "blocked": 2, "passed": 4}
_OWN_STATUS = 3
_LEFT_OUT = 5

_TOKEN = "QLTY run "  # noqa: S105 - it is no password


@dataclass(frozen=True)
class Manner:
    """What all results of a delivery have in common.

    Attributes:
        run_id: the QLTY run.
        status_ids: number of each status by its system name.
        ci_url: address of the CI job.
        version: the version under test, unless a test's marker names another.
        values: further fields of every result.
    """

    run_id: str
    status_ids: Mapping[str, int]
    ci_url: str | None = None
    version: str | None = None
    values: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Result:
    """One entry of ``add_results_for_cases``, its token, and the files that belong to it."""

    body: dict[str, Any]
    token: str
    files: tuple[str, ...] = ()

    @property
    def case_id(self) -> int:
        """The case that it is about."""
        return int(self.body["case_id"])


def rank(status: str | None) -> int:
    """Return how good a status is: 0 is the worst, ``failed``."""
    return _LEFT_OUT if status is None else _RANKS.get(status, _OWN_STATUS)


def token(run_id: str, case_id: int, tests: Iterable[Test]) -> str:
    """Return the last line of a result's comment: the same facts always give the same line.

    After a lost answer, or in a process that knows nothing of an earlier one, this line says
    whether TestRail has the result already.
    """
    facts = [(test.nodeid, test.outcome, test.attempts, test.interrupted) for test in tests]
    text = json.dumps([run_id, case_id, sorted(facts)])
    digest = hashlib.blake2s(text.encode(), digest_size=6).hexdigest()
    return f"{_TOKEN}{run_id}, result {digest}"


def token_in(comment_text: str | None) -> str | None:
    """Return the token of a comment that TestRail shows, ``None`` for a result of others."""
    lines = (comment_text or "").strip().splitlines()
    return lines[-1].strip() if lines and lines[-1].startswith(_TOKEN) else None


def by_case(tests: Iterable[Test]) -> dict[int, list[Test]]:
    """Return the tests of each case, in the order in which cases are first named."""
    cases: dict[int, list[Test]] = {}
    for test in tests:
        for case_id in dict.fromkeys(test.case_ids):
            cases.setdefault(case_id, []).append(test)
    return cases


def results(cases: Mapping[int, Sequence[Test]], manner: Manner) -> Iterator[Result]:
    """Yield the result of each case, in order.

    A case of which every test is left out has none, and neither has one whose tests are all old:
    it was sent before.
    """
    for case_id, tests in cases.items():
        if all(test.old for test in tests) or all(test.status is None for test in tests):
            continue
        yield merge(case_id, tests, manner)


def merge(case_id: int, tests: Sequence[Test], manner: Manner) -> Result:
    """Return one result for all tests of a case: the worst status, a line for each of them."""
    worst_first = sorted(tests, key=lambda test: rank(test.status))
    worst = worst_first[0]
    assert worst.status is not None
    own_token = token(manner.run_id, case_id, tests)
    defects = dict.fromkeys(defect for test in worst_first for defect in test.defects)
    body = {
        "case_id": case_id,
        "status_id": manner.status_ids[worst.status],
        "comment": comment(worst_first, own_token, manner.ci_url),
        "elapsed": timespan(sum(test.duration for test in tests)),
        "version": worst.version or manner.version,
        "defects": ", ".join(defects),
        **(manner.values or {}),
        **{name: value for test in reversed(worst_first) for name, value in test.values.items()},
    }
    files = dict.fromkeys(file for test in worst_first for file in test.files)
    body = {key: value for key, value in body.items() if value not in (None, "")}
    return Result(body, own_token, tuple(files))
