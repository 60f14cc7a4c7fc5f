import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qlty.classes.integrations._testrail.elapsed import timespan


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0.0001, "1s"),
        (1.4, "1s"),
        (59.6, "1m"),
        (105, "1m 45s"),
        (3661, "1h 1m 1s"),
        (90_000, "25h"),
    ],
)
def test_a_duration_is_written_as_testrail_reads_it(seconds, written):
    assert timespan(seconds) == written


@pytest.mark.parametrize("seconds", [0, -1, math.nan, math.inf])
def test_no_duration_is_left_out(seconds):
    assert timespan(seconds) is None


@given(st.floats(min_value=1e-9, max_value=1e7))
def test_it_is_never_zero_and_off_by_less_than_a_second(seconds):
    written = timespan(seconds)
    units = {"h": 3600, "m": 60, "s": 1}
    parts = re.findall(r"([1-9]\d*)([hms])", written)
    assert " ".join(number + unit for number, unit in parts) == written
    assert abs(sum(int(number) * units[unit] for number, unit in parts) - seconds) < 1
