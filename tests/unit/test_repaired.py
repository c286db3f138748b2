"""Accepted repairs on bars that stream past."""

import datetime as dt
from math import nan

import pyarrow as pa
import pytest

from sql.extract import SCHEMA
from sql.repaired import Change, Repairs
from sql.repairs import Numbers, Repair
from sql.terms import NUMBERS

NOW = dt.datetime(2025, 2, 1, tzinfo=dt.UTC)
OLD: Numbers = (1000.0, 1100.0, 900.0, 1000.0, 5.0)
NEW: Numbers = (10.0, 11.0, 9.0, 10.0, 5.0)
PLAIN: Numbers = (1.0, 1.0, 1.0, 1.0, 1.0)


def day(number: int) -> dt.date:
    return dt.date(2025, 1, number)


def repair(
    number: int = 1, symbol: str = "A", *, old: Numbers = OLD, new: Numbers | None = NEW, ident=1
) -> Repair:
    return Repair(symbol, day(number), "unit", "", old, new, ident, "r1", "ann", NOW, "checked")


def batch(*bars: tuple[str | None, int | None, Numbers]) -> pa.RecordBatch:
    rows = [
        {"symbol": symbol, "date": number and day(number), **dict(zip(NUMBERS, bar, strict=True))}
        for symbol, number, bar in bars
    ]
    return pa.RecordBatch.from_pylist(rows, schema=SCHEMA)


def closes(bars: pa.RecordBatch) -> list[float | None]:
    found: list[float | None] = bars["close"].to_pylist()
    return found


def test_the_accepted_bar_stands_for_the_old_one_and_no_other():
    repairs = Repairs([repair(2)])
    first = repairs.read(batch(("A", 1, OLD), (None, 2, OLD)))
    second = repairs.read(batch(("A", 2, OLD), ("A", None, OLD), ("B", 2, OLD)))
    assert closes(first) == [1000.0, 1000.0]
    assert closes(second) == [10.0, 1000.0, 1000.0]
    assert second.schema == SCHEMA
    assert [(one.row, one.repair.date) for one in repairs.applied] == [(2, day(2))]
    assert (repairs.void, repairs.dropped) == ([], 0)
    assert repairs.digest("abc") != "abc"


@pytest.mark.parametrize("place", range(5))
@pytest.mark.parametrize("value", [None, nan, 0.1 + 0.2])
def test_only_the_very_old_bar_is_repaired(place: int, value: float | None):
    odd = tuple(value if at == place else one for at, one in enumerate(OLD))
    same, other = Repairs([repair(old=odd)]), Repairs([repair(old=odd)])
    assert closes(same.read(batch(("A", 1, odd)))) == [10.0]
    near = tuple(0.3 if at == place else one for at, one in enumerate(OLD))
    assert closes(other.read(batch(("A", 1, near)))) == [near[3]]
    assert [one.id for one in other.void] == [1]
    assert (same.void, other.applied) == ([], [])
    assert other.digest("abc") == "abc"


@pytest.mark.parametrize("cut", [1, 2, 3, 4])
def test_of_copies_as_many_go_as_are_accepted_and_one_stays(cut: int):
    gone = [repair(new=None, ident=1), repair(new=None, ident=2)]
    bars = [("A", 1, OLD), ("A", 1, OLD), ("A", 1, OLD), ("A", 2, PLAIN)]
    repairs = Repairs(gone)
    parts = [repairs.read(batch(*bars[:cut])), repairs.read(batch(*bars[cut:]))]
    assert [one for part in parts for one in closes(part)] == [1000.0, 1.0]
    assert [one.row for one in repairs.applied] == [None, None]
    assert (repairs.dropped, repairs.void) == (2, [])


def test_the_last_copy_never_goes():
    repairs = Repairs([repair(new=None)])
    assert closes(repairs.read(batch(("A", 1, OLD)))) == [1000.0]
    assert [one.id for one in repairs.void] == [1]


def test_rows_are_those_of_what_is_left():
    repairs = Repairs([repair(1, new=None), repair(2, ident=2)])
    left = repairs.read(batch(("A", 1, OLD), ("A", 1, OLD), ("A", 2, OLD)))
    assert closes(left) == [1000.0, 10.0]
    assert [one.row for one in repairs.applied] == [None, 1]


def test_what_is_void_already_is_not_applied_and_told_again():
    void = Repair(**{**vars(repair()), "void_run": "r2"})
    repairs = Repairs([void])
    assert closes(repairs.read(batch(("A", 1, OLD)))) == [1000.0]
    assert repairs.void == [void]


def block(*days: int) -> list[Repair]:
    return [repair(number, ident=number) for number in days]


def test_a_block_holds_while_the_source_has_all_of_it():
    repairs = Repairs(block(1, 2, 4))
    unsound = (None, *OLD[1:])
    repairs.read(batch(("A", 1, OLD), ("A", 2, OLD), ("A", 3, unsound), ("B", 3, PLAIN)))
    repairs.read(batch(("A", 4, OLD), ("A", 5, PLAIN)))
    assert (repairs.changes(), len(repairs.applied)) == ({}, 3)


@pytest.mark.parametrize(
    ("source", "change"),
    [
        ([("A", 1, OLD), ("A", 2, NEW), ("A", 4, OLD)], Change(day(2), "changed")),
        ([("A", 1, OLD), ("A", 2, OLD)], Change(day(4), "gone")),
        ([("A", 2, OLD), ("A", 4, OLD)], Change(day(1), "gone")),
        ([("A", 1, OLD), ("A", 2, OLD), ("A", 3, PLAIN), ("A", 4, OLD)], Change(day(3), "new")),
    ],
)
@pytest.mark.parametrize("cut", [1, 2])
def test_a_block_of_which_one_bar_is_another_is_void_as_a_whole(
    source: list[tuple[str, int, Numbers]], change: Change, cut: int
):
    other = repair(1, "B", ident=9)
    repairs = Repairs([*block(1, 2, 4), other])
    bars = [*source, ("B", 1, OLD)]
    for part in (bars[:cut], bars[cut:]):
        repairs.read(batch(*part))
    (mine,) = {one.block for one in block(1, 2, 4)}
    assert repairs.changes() == {mine: change}
    assert any(one.repair.block == mine for one in repairs.applied)

    anew = repairs.without(repairs.changes())
    read = anew.read(batch(*bars))
    assert closes(read) == [*(one[2][3] for one in source), 10.0]
    assert [one.repair for one in anew.applied] == [other]
    assert anew.changes() == {mine: change}


def test_bars_before_what_was_read_say_nothing_of_their_block():
    repairs = Repairs(block(1, 2))
    repairs.read(batch(("A", 2, OLD)))
    assert repairs.changes(since=day(2)) == {}
    assert [str(one) for one in repairs.changes().values()] == ["the bar of 2025-01-01 is gone"]


def test_what_was_accepted_at_another_time_or_for_another_reason_is_another_block():
    later = Repair(**{**vars(repair(2, ident=2)), "accepted_at": NOW + dt.timedelta(1)})
    other = Repair(**{**vars(repair(3, ident=3)), "evidence": "another"})
    repairs = Repairs([repair(1), later, other])
    repairs.read(batch(("A", 1, PLAIN), ("A", 2, OLD), ("A", 3, OLD)))
    assert [change.date for change in repairs.changes().values()] == [day(1)]
