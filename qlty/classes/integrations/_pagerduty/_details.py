"""What an incident can do without: who is to be woken is woken, whatever became of a detail."""

from __future__ import annotations

from typing import Any

#: each with a word by which PagerDuty's refusals tell it
_OPTIONAL = {
    "priority_id": "priority",
    "assignee_id": "assign",
    "escalation_policy_id": "escalation",
}
#: something that the request names is wrong, gone, or not in the account's plan
_REFUSALS = frozenset({400, 402, 404, 422})


def refused_details(page: dict[str, Any], status: int, words: str) -> list[str]:
    """Return the fields of a page to leave out after a refusal; none where that cannot help.

    Those that the refusal names; all of them where it names none.
    """
    given = [name for name in _OPTIONAL if page.get(name)]
    if status not in _REFUSALS:
        return []
    return [name for name in given if _OPTIONAL[name] in words.lower()] or given


def is_about_from(status: int, words: str) -> bool:
    """Say whether a change was refused for who makes it: codes 1008 and 2016, by their texts.

    https://developer.pagerduty.com/docs/errors
    """
    said = words.lower()
    return status == 400 and ("requester user not found" in said or '"from" header' in said)
