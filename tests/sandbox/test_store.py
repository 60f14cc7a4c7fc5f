"""What is kept, what is dropped, and what survives a restart."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from qlty.sandbox._store import Caps, Store

KEYS = st.integers(1, 30)
ROWS = st.fixed_dictionaries({"v": st.text(max_size=20)})


def test_the_oldest_row_leaves_first_and_is_counted() -> None:
    table = Store(caps=Caps(rows=3)).table("t")
    for number in range(5):
        table.put(number, {"n": number})
    assert ([row["n"] for row in table], table.dropped) == ([2, 3, 4], 2)


def test_many_bytes_push_old_rows_out() -> None:
    table = Store(caps=Caps(bytes=1000)).table("t")
    for number in range(10):
        table.put(number, {"text": "x" * 300})
    assert table.bytes <= 1000
    assert table.dropped == 7


def test_one_row_over_the_cap_is_kept_alone() -> None:
    table = Store(caps=Caps(bytes=100)).table("t")
    table.put(1, {"text": "x" * 300})
    assert len(table) == 1


@given(st.lists(st.tuples(KEYS, ROWS), max_size=80), st.integers(1, 10))
def test_the_count_of_bytes_is_right_whatever_happens(puts: list, rows: int) -> None:
    import json

    table = Store(caps=Caps(rows=rows)).table("t")
    for key, row in puts:
        table.put(key, row)
    assert table.bytes == sum(len(json.dumps(row, separators=(",", ":")).encode()) for row in table)
    assert len(table) <= rows


def test_a_file_brings_everything_back(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.db"
    first = Store(path)
    first.table("rows").put(7, {"a": "ü"})
    first.blobs("bytes").put("f", b"\0\xff")
    first.commit()
    second = Store(path)
    assert (second.table("rows").get(7), second.blobs("bytes").get("f")) == ({"a": "ü"}, b"\0\xff")


def test_what_was_not_committed_is_not_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.db"
    first = Store(path)
    first.commit()
    first.table("rows").put(1, {})
    assert Store(path).table("rows").get(1) is None


def test_clearing_empties_the_file_too(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.db"
    first = Store(path)
    first.table("rows").put(1, {})
    first.commit()
    first.clear()
    assert len(Store(path).table("rows")) == 0


def test_a_table_may_have_caps_of_its_own() -> None:
    table = Store(caps=Caps(rows=1)).table("t", Caps(rows=3))
    for number in range(3):
        table.put(number, {})
    assert len(table) == 3


def test_ids_go_on_after_the_oldest_left() -> None:
    table = Store(caps=Caps(rows=2)).table("t")
    for _ in range(5):
        number = table.next_id()
        table.put(number, {"n": number})
    assert [row["n"] for row in table] == [4, 5]
