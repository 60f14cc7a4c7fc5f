"""What the PagerDuty integration is made of.

``_marker``, ``_policy`` and ``_resolving`` decide, ``_page`` and ``_requests`` word it: all of them
pure. ``_watch`` hands decisions over while tests run, ``_sender`` performs them in another process.
Each name is imported when it is first asked for: the process that runs tests needs few of them.
"""

from typing import TYPE_CHECKING

from qlty.runtime import lazy_exports

if TYPE_CHECKING:
    from qlty.classes.integrations._pagerduty._closing import (
        change_event,
        settlement,
    )
    from qlty.classes.integrations._pagerduty._leftovers import Leftovers
    from qlty.classes.integrations._pagerduty._marker import Routes
    from qlty.classes.integrations._pagerduty._marker import check as check_marker
    from qlty.classes.integrations._pagerduty._observer import Observer
    from qlty.classes.integrations._pagerduty._old_package import complaint as old_package
    from qlty.classes.integrations._pagerduty._policy import Observation
    from qlty.classes.integrations._pagerduty._preflight import preflight
    from qlty.classes.integrations._pagerduty._quarantine import DEFAULT_FILE, Quarantine
    from qlty.classes.integrations._pagerduty._rehearsal import rehearsed
    from qlty.classes.integrations._pagerduty._scope import Scope
    from qlty.classes.integrations._pagerduty._sender import (
        CHANGE,
        SETTLE,
        TRIGGER,
        WITHDRAW,
        Sender,
    )
    from qlty.classes.integrations._pagerduty._settings import PagerDutySettings
    from qlty.classes.integrations._pagerduty._sources import texts_that_ask
    from qlty.classes.integrations._pagerduty._test_page import send_test
    from qlty.classes.integrations._pagerduty._trend import Past
    from qlty.classes.integrations._pagerduty._watch import Watch

__all__ = [
    "CHANGE",
    "DEFAULT_FILE",
    "SETTLE",
    "TRIGGER",
    "WITHDRAW",
    "Leftovers",
    "Observation",
    "Observer",
    "PagerDutySettings",
    "Past",
    "Quarantine",
    "Routes",
    "Scope",
    "Sender",
    "Watch",
    "change_event",
    "check_marker",
    "old_package",
    "preflight",
    "rehearsed",
    "send_test",
    "settlement",
    "texts_that_ask",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "CHANGE": "_sender",
        "DEFAULT_FILE": "_quarantine",
        "Leftovers": "_leftovers",
        "Observation": "_policy",
        "Observer": "_observer",
        "PagerDutySettings": "_settings",
        "Past": "_trend",
        "Quarantine": "_quarantine",
        "Routes": "_marker",
        "SETTLE": "_sender",
        "Scope": "_scope",
        "Sender": "_sender",
        "TRIGGER": "_sender",
        "WITHDRAW": "_sender",
        "Watch": "_watch",
        "change_event": "_closing",
        "check_marker": "_marker.check",
        "old_package": "_old_package.complaint",
        "preflight": "_preflight",
        "rehearsed": "_rehearsal",
        "send_test": "_test_page",
        "settlement": "_closing",
        "texts_that_ask": "_sources",
    },
)
