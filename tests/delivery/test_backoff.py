from __future__ import annotations

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qlty.delivery._backoff import LONGEST_BACKOFF, LONGEST_SERVER_WAIT, backoff, server_wait


@given(attempt=st.integers(min_value=1, max_value=10**9))
def test_every_pause_is_within_its_bounds(attempt):
    assert 0.1 <= backoff(attempt) <= min(LONGEST_BACKOFF, 0.5 * 2 ** min(attempt, 20))


def test_pauses_differ():
    assert len({backoff(8) for _ in range(20)}) > 1


@given(value=st.text(), date=st.none() | st.text())
def test_any_header_gives_a_wait_within_bounds_or_none(value, date):
    headers = {"Retry-After": value, **({"Date": date} if date else {})}
    wait = server_wait(headers)
    assert wait is None or 0 <= wait <= LONGEST_SERVER_WAIT


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"retry-after": "1.5"}, 1.5),
        ({"Retry-After": "-3"}, 0),
        ({"Retry-After": "86400"}, LONGEST_SERVER_WAIT),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "inf"}, 900.0),
        ({"Retry-After": "1e999"}, 900.0),
        ({"ratelimit-reset": "1e999"}, 900.0),
        ({"Retry-After": "Fri, 31 Dec 5026 23:59:59 GMT"}, 900.0),
        ({"Retry-After": str(3000 * 365 * 86_400)}, 900.0),
        ({"Retry-After": "soon"}, None),
        ({"ratelimit-reset": "12"}, 12),
        ({"ratelimit-reset": "12", "Retry-After": "3"}, 3),
        ({}, None),
    ],
)
def test_what_servers_write(headers, seconds):
    assert server_wait(headers) == seconds


def test_a_date_is_read_by_the_servers_own_clock():
    theirs = datetime(2031, 5, 6, 7, 8, 9, tzinfo=timezone.utc)
    headers = {
        "Date": format_datetime(theirs, usegmt=True),
        "Retry-After": format_datetime(theirs + timedelta(seconds=42), usegmt=True),
    }
    assert server_wait(headers) == 42


def test_a_date_without_the_servers_clock_is_read_by_ours():
    until = datetime.now(timezone.utc) + timedelta(seconds=100)
    wait = server_wait({"Retry-After": format_datetime(until, usegmt=True)})
    assert 90 < wait <= 100
