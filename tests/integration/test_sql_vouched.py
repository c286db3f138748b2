"""Which published bars runs vouch for: all that are to the last bit what a run published."""

import hashlib
import re
import struct
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine

from sql.errors import NoBarsError, UnvouchedError
from sql.own_tables import Layout
from sql.schema import create_own_tables
from sql.trained.vouched import vouched_bars
from tests.sql_bars import LATER, bars, day, publish, published


def changed(engine: Engine, command: str) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(command)


@pytest.fixture
def two_runs(engine: Engine) -> Engine:
    """Four bars of A and two of B, of which a second run published two of A again."""
    first = bars(*(("A", day(n)) for n in (1, 2, 3, 4)), ("B", day(1)), ("B", day(2)))
    kept = {"verdict": "passed", "extract_digest": "aa"}
    publish(engine, first, ["A", "B"], run_id="r1", **kept)
    again = bars(("A", day(3)), ("A", day(4)), close=10.1)
    kept = {"verdict": "quarantined", "extract_digest": "bb"}
    publish(engine, again, ["A"], run_id="r2", start=day(3), end=day(4), at=LATER, **kept)
    return engine


def test_bars_of_several_runs_are_vouched_for_and_each_run_is_named(two_runs: Engine):
    found = vouched_bars(two_runs)
    assert [tuple(one) for one in found.bars[["symbol", "run_id", "close"]].to_numpy()] == [
        *[("A", "r1", 10.0)] * 2,
        *[("A", "r2", 10.1)] * 2,
        *[("B", "r1", 10.0)] * 2,
    ]
    told = [(one.run_id, one.bars, one.verdict, one.extract_digest) for one in found.runs]
    assert told == [("r2", 2, "quarantined", "bb"), ("r1", 4, "passed", "aa")]
    assert vouched_bars(two_runs, ["B"]).runs[0].run_id == "r1"


def test_the_digest_of_all_is_made_of_that_of_each(two_runs: Engine):
    (each,) = zip(*published(two_runs, "digest"), strict=True)
    assert len(set(each)) == 6
    whole = hashlib.sha256(struct.pack(">6q", *each)).hexdigest()
    assert vouched_bars(two_runs).digest == whole
    assert vouched_bars(two_runs, ["A"]).digest != whole


@pytest.mark.parametrize(
    "settings",
    ["extra_float_digits = 0", "timezone = 'Asia/Tokyo'", "datestyle = 'German'"],
)
def test_no_setting_of_a_role_changes_a_digest(two_runs: Engine, settings: str):
    before = vouched_bars(two_runs)
    changed(two_runs, f"alter role current_user set {settings}")
    try:
        two_runs.dispose()
        after = vouched_bars(two_runs)
    finally:
        changed(two_runs, "alter role current_user reset all")
    assert (after.digest, after.runs) == (before.digest, before.runs)
    assert after.bars.equals(before.bars)


@pytest.mark.parametrize("close", [0.1, 1 / 3, 1e-300, 1.7976931348623157e308, 123456.7, 5e-324])
def test_any_number_comes_back_as_it_was_published(engine: Engine, close: float):
    publish(engine, bars(("A", day(1)), close=close), ["A"])
    assert vouched_bars(engine).bars["close"].tolist() == [close]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (
            "update stock_data_enriched set close = 10.000000000000002 where symbol = 'A' "
            "and date = '2025-01-02'",
            r"1 published bars\. A \(1 from 2025-01-02 to 2025-01-02\) are not what their run",
        ),
        ("update stock_data_enriched set run_id = 'r2' where symbol = 'B'", "B .* are not what"),
        ("update stock_data_enriched set digest = null", "6 published bars.* before bars had dig"),
        (
            "insert into stock_data_enriched select symbol, '2025-01-09', open, high, low, close,"
            " volume, daily_return, price_range, price_range_pct, run_id, published_at,"
            " extracted_at, remarks, doubts, repaired, digest from stock_data_enriched"
            " where symbol = 'B' and date = '2025-01-01'",
            "B .1 from 2025-01-09 to 2025-01-09. are not what",
        ),
        ("update stock_data_enriched set symbol = 'C' where symbol = 'B'", "C .* are not what"),
    ],
)
def test_a_bar_that_was_changed_by_hand_is_refused(two_runs: Engine, command: str, said: str):
    vouched_bars(two_runs)
    changed(two_runs, command)
    with pytest.raises(UnvouchedError, match=said) as refused:
        vouched_bars(two_runs)
    assert re.search(r"Publish them again: gate run --symbols '[ABC,]+'", str(refused.value))


def test_a_bar_with_a_right_digest_of_a_run_that_published_no_such_bar_is_refused(two_runs: Engine):
    changed(two_runs, "set session_replication_role = replica; truncate stock_data_publications")
    with pytest.raises(UnvouchedError, match=r"6 published bars.* that published no such bars"):
        vouched_bars(two_runs)


def test_other_symbols_may_be_refused_beside_those_that_are_asked_for(two_runs: Engine):
    changed(two_runs, "update stock_data_enriched set close = 1 where symbol = 'A'")
    assert len(vouched_bars(two_runs, ["B"]).bars) == 2


def test_publishing_again_is_all_it_takes(two_runs: Engine):
    changed(two_runs, "update stock_data_enriched set close = 1, digest = null where symbol = 'B'")
    with pytest.raises(UnvouchedError):
        vouched_bars(two_runs)
    publish(two_runs, bars(("B", day(1)), ("B", day(2))), ["B"], run_id="r3", at=LATER)
    assert {one.run_id for one in vouched_bars(two_runs).runs} == {"r1", "r2", "r3"}


def test_bars_of_an_older_version_are_refused_and_keep_their_rows(engine: Engine):
    publish(engine, bars(("A", day(1))), ["A"])
    changed(engine, "alter table stock_data_enriched drop column digest")
    changed(
        engine,
        "alter table stock_data_publications drop column verdict, drop column extract_digest",
    )
    with pytest.raises(UnvouchedError, match="before bars had digests: publish them again"):
        vouched_bars(engine)
    create_own_tables(engine, ["stock_data_enriched", "stock_data_publications"])
    assert published(engine, "symbol, digest") == [("A", None)]
    with pytest.raises(UnvouchedError, match=r"A \(1 from 2025-01-01 to 2025-01-01\) were publ"):
        vouched_bars(engine)
    publish(engine, bars(("A", day(1))), ["A"], run_id="r2", at=LATER, verdict="passed")
    assert vouched_bars(engine).runs[0].verdict == "passed"


def test_bars_within_the_day_are_vouched_for_by_their_moments(engine: Engine):
    layout = Layout(daily=False)
    create_own_tables(engine, ["stock_data_enriched", "stock_data_publications"], layout)
    at = [datetime(2025, 1, 2, 14, minute, tzinfo=UTC) for minute in (30, 35)]
    frame = bars(("A", at[0]), ("A", at[1])).assign(session=day(2))
    publish(engine, frame, ["A"], carried=["session"])
    assert vouched_bars(engine).bars["date"].tolist() == at
    changed(engine, "update stock_data_enriched set date = date + interval '1 s'")
    with pytest.raises(UnvouchedError, match="2 published bars"):
        vouched_bars(engine)


def test_without_published_bars_there_is_nothing_to_vouch_for(engine: Engine):
    with pytest.raises(NoBarsError, match="run the gate first"):
        vouched_bars(engine)
    changed(engine, "drop table stock_data_enriched")
    with pytest.raises(NoBarsError, match="run the gate first"):
        vouched_bars(engine)
