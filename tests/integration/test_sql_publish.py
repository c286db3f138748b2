import datetime as dt
import io
import os
import signal
import subprocess
import sys
import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import text
from sqlalchemy.pool import QueuePool

from sql.connection import make_engine
from sql.errors import DiscardError, PublishError
from sql.extract import extract_bars
from sql.publish import Publication, correct_returns, edge_bars, publish_bars
from sql.published import (
    Doubted,
    Gone,
    bars_gone,
    note_doubts,
    published_bars,
    published_symbols,
)
from sql.quarantine import Release, discard, open_bars, quarantine_bars
from sql.schema import create_schema, load_sample
from tests.sql_bars import (
    BAD,
    DAY,
    LATER,
    READ,
    REASONS,
    bars,
    day,
    held,
    publish,
    published,
    quarantine,
    released,
)
from transforms import enrich

ROOT = Path(__file__).parents[2]


def test_the_sample_is_published_as_it_was_extracted(engine):
    load_sample(engine)
    sink = io.BytesIO()
    extract_bars(engine, sink, symbols=["TSLA", "NVDA"], start=None, end=None)
    frame = enrich(pq.read_table(sink).to_pandas())
    assert publish(engine, frame, ["TSLA", "NVDA"]) == Publication(46, 46, 0, 0)
    with engine.connect() as connection:
        nulls = connection.execute(
            text("select count(*) from stock_data_enriched where daily_return is null")
        ).scalar_one()
        differing = connection.execute(
            text(
                "select count(*) from stock_data_enriched join stock_data as s using (symbol, date)"
                " where stock_data_enriched.close <> s.close::float8"
            )
        ).scalar_one()
    assert (nulls, differing) == (2, 0)
    assert publish(engine, frame, ["TSLA", "NVDA"], "r2") == Publication(46, 0, 0, 0)
    assert {row[3] for row in published(engine)} == {"r2"}


def test_nan_in_an_arrow_table_is_published_as_null(engine):
    table = pa.Table.from_pandas(bars(("A", DAY)), preserve_index=False)
    nan = pa.array([float("nan")])
    table = table.set_column(7, "daily_return", nan)
    publish(engine, table, ["A"])
    with engine.connect() as connection:
        value = connection.execute(text("select daily_return from stock_data_enriched")).scalar()
    assert value is None


def test_small_prices_and_fractional_volume_are_published_and_held_to_the_last_digit(engine):
    tiny = bars(("SHIX-USD-OF-AN-EXCHANGE-OF-32-LET", DAY), close=1.1011e-05)
    tiny["volume"] = 721.7013
    publish(engine, tiny, tiny["symbol"].tolist())
    with engine.begin() as connection:
        quarantine_bars(connection, tiny, run_id="r2", reasons=[["held"]], row_numbers=[0])
    for table in ("stock_data_enriched", "stock_data_quarantine"):
        with engine.connect() as connection:
            query = text(f"select symbol, close::text, volume::text from {table}")
            ((symbol, close, volume),) = connection.execute(query).all()
        assert symbol == tiny["symbol"][0]
        assert (Decimal(close), Decimal(volume)) == (Decimal("0.000011011"), Decimal("721.7013"))


def test_changed_new_and_vanished_bars_are_counted(engine):
    publish(engine, bars(("A", day(1)), ("A", day(2)), ("A", day(3))), ["A"])
    second = pd.concat([bars(("A", day(1))), bars(("A", day(2)), ("A", day(4)), close=10.5)])
    assert publish(engine, second, ["A"], "r2") == Publication(3, 1, 1, 1)
    assert published(engine) == [
        ("A", day(1), 10.0, "r2"),
        ("A", day(2), 10.5, "r2"),
        ("A", day(4), 10.5, "r2"),
    ]


def test_bars_outside_the_range_and_of_other_symbols_stay(engine):
    everything = bars(("A", day(1)), ("A", day(5)), ("A", day(9)), ("HELD", day(5)), ("B", day(5)))
    publish(engine, everything, ["A", "B", "HELD"])
    done = publish(engine, bars(), ["A", "B"], "r2", start=day(2), end=day(8))
    assert done == Publication(0, 0, 0, 2)
    assert [row[:2] for row in published(engine)] == [
        ("A", day(1)),
        ("A", day(9)),
        ("HELD", day(5)),
    ]


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (bars(("A", DAY), ("A", DAY)), "A 2025-01-02 is to be published twice"),
        (bars(("A", DAY), ("B", DAY)), "B 2025-01-02 lies outside"),
        (bars(("A", day(20))), "A 2025-01-20 lies outside"),
    ],
)
def test_contradictory_bars_are_refused_and_nothing_changes(engine, frame, said):
    publish(engine, bars(("A", day(3))), ["A"])
    with pytest.raises(PublishError, match=said):
        publish(engine, frame, ["A"], "r2", end=day(10))
    assert published(engine) == [("A", day(3), 10.0, "r1")]


def test_two_publishers_at_once_neither_deadlock_nor_double(engine):
    days = [dt.date(2000, 1, 1) + dt.timedelta(n) for n in range(3000)]
    keys = [("A", day) for day in days]
    failures = []

    def work(run_id, frame):
        try:
            for _ in range(3):
                publish(engine, frame, ["A"], run_id)
        except Exception as failure:
            failures.append(failure)

    threads = [
        threading.Thread(target=work, args=("forward", bars(*keys))),
        threading.Thread(target=work, args=("backward", bars(*reversed(keys)))),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    rows = published(engine)
    assert len(rows) == 3000
    assert len({row[3] for row in rows}) == 1


def test_a_publisher_killed_in_its_transaction_publishes_nothing(engine, bars_database):
    publish(engine, bars(("A", day(1))), ["A"])
    script = (
        "import sys, tests.sql_bars as t\n"
        "from sql.connection import ConnectionSettings, make_engine\n"
        "engine = make_engine(ConnectionSettings(sys.argv[1], 5432, *sys.argv[2:]))\n"
        "with engine.begin() as connection:\n"
        "    t.publish_bars(connection, t.bars(('A', t.day(2))), run_id='r2', symbols=['A'],\n"
        "                   start=None, end=None, extracted_at=t.READ)\n"
        "    print('written', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    where = [bars_database.host, bars_database.database, bars_database.user]
    process = subprocess.Popen(
        [sys.executable, "-c", script, *where],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout.readline() == "written\n"
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert published(engine) == [("A", day(1), 10.0, "r1")]
    assert publish(engine, bars(("A", day(3))), ["A"], "r3") == Publication(1, 1, 0, 1)


WRITTEN = dt.datetime(2025, 1, 2, 3, 4, 5, 6)


def test_held_bars_are_kept_exactly_with_their_reasons(engine):
    assert quarantine(engine) == 3
    rows = held(engine)
    assert rows[0] == ("r1", 4, "B", DAY, -1.0, REASONS[0], None)
    assert [row[5] for row in rows] == REASONS
    last = held(engine, "date, open, high, low, close::text, volume, created_at")[2]
    assert last == (None, None, float("inf"), float("-inf"), "NaN", None, None)


OPEN = "row_number, superseded_by is null and released_by is null"


def still_open(engine):
    return sorted(row for row, is_open in held(engine, OPEN) if is_open)


def test_a_repeated_run_writes_its_held_bars_once(engine):
    quarantine(engine)
    shown = "stock_data_quarantine::text"  # as text, in which NaN equals itself
    before = held(engine, shown)
    quarantine(engine)
    assert held(engine, shown) == before


def test_another_attempt_supersedes_what_it_holds_elsewhere_and_deletes_nothing(engine):
    quarantine(engine)
    quarantine(engine, BAD.slice(1), reasons=REASONS[1:], row_numbers=[5, 10])
    assert still_open(engine) == [5, 10]
    assert sorted(row[1] for row in held(engine)) == [4, 5, 9, 10]
    assert quarantine(engine, BAD.slice(0, 0), reasons=[], row_numbers=[]) == 0
    assert still_open(engine) == [5, 10]
    assert len(held(engine)) == 4


def test_a_bar_that_is_held_otherwise_is_there_as_it_was_each_time(engine):
    one = BAD.slice(0, 1)
    quarantine(engine, one, reasons=[["low"]], row_numbers=[4])
    corrected = one.set_column(5, "close", pa.array([7.0]))
    quarantine(engine, corrected, reasons=[["low"]], row_numbers=[4])
    quarantine(engine, one, reasons=[["low"]], row_numbers=[4])
    assert held(engine, "attempt, close, superseded_by") == [
        (1, -1.0, "r1"),
        (2, 7.0, "r1"),
        (3, -1.0, None),
    ]


def test_a_bar_held_by_two_runs_is_open_once(engine):
    quarantine(engine, run_id="r1")
    quarantine(engine, run_id="r2")
    assert held(engine, "run_id, superseded_by") == [
        ("r1", "r2"),
        ("r1", "r2"),
        ("r1", "r2"),
        ("r2", None),
        ("r2", None),
        ("r2", None),
    ]


@pytest.mark.parametrize(
    "command",
    [
        "delete from stock_data_quarantine",
        "update stock_data_quarantine set close = 1",
        "update stock_data_quarantine set run_id = 'other'",
        "truncate stock_data_quarantine",
        "with gone as (delete from stock_data_quarantine returning 1) select 1",
    ],
)
def test_no_row_can_be_deleted_or_changed(engine, command):
    quarantine(engine)
    never = pytest.raises(Exception, match="never deleted, and stay as extracted")
    with never, engine.begin() as connection:
        connection.execute(text(command))
    assert len(held(engine)) == 3


def test_a_frame_can_be_held_too(engine):
    quarantine(engine, BAD.to_pandas())
    assert held(engine, "created_at")[0] == (WRITTEN,)
    assert held(engine, "close, volume")[2] == (None, None)


def test_a_run_releases_what_it_has_published_and_no_more(engine):
    quarantine(engine)
    assert released(engine, "r2", ["B"]) == Release(0, 2)  # it passed by name alone
    publish(engine, bars(("A", DAY)), ["A"], "r2")
    assert released(engine, "r2", ["A", "B"]) == Release(0, 2)
    publish(engine, bars(("B", DAY), close=10.5), ["B"], "r3")
    assert released(engine, "r2", ["B"]) == Release(0, 2)
    assert released(engine, "r3", ["A"]) == Release(0, 0)
    assert released(engine, "r3", ["B"], start=DAY + dt.timedelta(days=1)) == Release(0, 1)
    assert released(engine, "r3", ["B"]) == Release(2, 1)  # a bar without a date stays held
    assert held(engine, "released_by, released_as, released_at is not null") == [
        ("r3", "corrected", True),
        ("r3", "corrected", True),
        (None, None, False),
    ]


def test_a_bar_that_is_released_as_it_was_says_so(engine):
    same = bars(("B", DAY)).assign(open=1.0, high=1.0, low=1.0, close=-1.0, volume=1.5)
    quarantine(engine)
    publish(engine, same, ["B"], "r2")
    assert released(engine, "r2", ["B"]) == Release(2, 1)
    assert [row[0] for row in held(engine, "released_as")] == ["same", "same", None]


def test_a_run_that_is_tried_again_does_not_hold_anew_what_was_released(engine):
    quarantine(engine)
    publish(engine, bars(("B", DAY)), ["B"], "r2")
    released(engine, "r2", ["B"])
    before = held(engine, "stock_data_quarantine::text")
    quarantine(engine)
    assert held(engine, "stock_data_quarantine::text") == before


def test_a_bar_is_discarded_with_a_reason_and_stays(engine):
    quarantine(engine)
    with engine.begin() as connection:
        done = discard(connection, symbol="B", start=None, end=DAY, by="ada", reason="delisted")
    assert done == 2
    assert held(engine, "discarded_by, discard_reason, close")[0] == ("ada", "delisted", -1.0)
    (left,) = open_bars(engine)
    assert (left.symbol, left.bars, left.first_date, left.run_id) == ("B", 1, None, "r1")


@pytest.mark.parametrize(
    ("symbol", "by", "reason", "said"),
    [
        ("B", "ada", " ", "needs a reason"),
        ("B", "", "delisted", "needs a reason"),
        ("B", "ada", "\u200b\u2060 \u3164\ufeff\u2800", "needs a reason"),
        ("B", "\u200b", "delisted", "needs a reason"),
        ("X", "ada", "delisted", "No bar of X"),
    ],
)
def test_nothing_is_discarded_for_no_reason(engine, symbol, by, reason, said):
    quarantine(engine)
    with pytest.raises(DiscardError, match=said), engine.begin() as connection:
        discard(connection, symbol=symbol, start=None, end=None, by=by, reason=reason)
    assert len(still_open(engine)) == 3


def test_one_transaction_holds_publication_and_quarantine(engine):
    with pytest.raises(RuntimeError), engine.begin() as connection:
        publish_bars(
            connection,
            bars(("A", DAY)),
            run_id="r",
            symbols=["A"],
            start=None,
            end=None,
            extracted_at=READ,
        )
        quarantine_bars(connection, BAD, run_id="r", reasons=REASONS, row_numbers=[0, 1, 2])
        raise RuntimeError
    assert published(engine) == []
    assert held(engine) == []


def test_a_table_that_is_not_there_fails_and_gives_the_connection_back(bars_database):
    engine = make_engine(bars_database)
    with engine.begin() as connection:
        connection.execute(text("drop table stock_data_enriched"))
    with pytest.raises(Exception, match="stock_data_enriched"):
        publish(engine, bars(("A", DAY)), ["A"])
    assert isinstance(engine.pool, QueuePool)
    assert engine.pool.checkedout() == 0
    engine.dispose()


def test_an_older_extract_leaves_newer_bars_as_they_are(engine):
    publish(engine, bars(("A", day(2)), ("A", day(3)), close=10.5), ["A"], "new", at=LATER)
    late = bars(("A", day(1)), ("A", day(2)), ("A", day(3)), ("B", day(2)))
    done = publish(engine, late, ["A", "B"], "old", start=day(1), end=day(3))
    assert done == Publication(1, 1, 0, 0, superseded=3, newer=("new",))
    assert published(engine) == [
        ("A", day(2), 10.5, "new"),
        ("A", day(3), 10.5, "new"),
        ("B", day(2), 10.0, "old"),
    ]


def test_an_older_extract_brings_no_bar_back_that_a_newer_one_did_not_have(engine):
    publish(engine, bars(("A", day(1)), ("A", day(2))), ["A"], "old", end=day(5))
    publish(engine, bars(("A", day(1))), ["A"], "new", at=LATER, end=day(4))
    everything = bars(("A", day(1)), ("A", day(2)), ("A", day(5)))
    done = publish(engine, everything, ["A"], "old", end=day(5))
    assert (done.superseded, done.newer) == (2, ("new",))
    assert [(row[1], row[3]) for row in published(engine)] == [(day(1), "new"), (day(5), "old")]


def test_the_same_extract_can_be_published_again(engine):
    publish(engine, bars(("A", day(1))), ["A"])
    assert publish(engine, bars(("A", day(1))), ["A"]) == Publication(1, 0, 0, 0)


def test_rows_of_before_know_no_extract_and_give_way(engine):
    publish(engine, bars(("A", day(1))), ["A"])
    with engine.begin() as connection:
        connection.execute(text("update stock_data_enriched set extracted_at = null"))
    assert publish(engine, bars(("A", day(1))), ["A"], "r2", at=READ).rows == 1
    assert published(engine)[0][3] == "r2"


def test_no_more_bars_go_away_than_the_gate_knows_of(engine):
    publish(engine, bars(("A", day(1)), ("A", day(2)), ("A", day(3))), ["A"])
    with pytest.raises(PublishError, match="2 published bars of A would go away, but"):
        publish(engine, bars(("A", day(1))), ["A"], "r2", removable={"A": 1, "B": 5})
    assert len(published(engine)) == 3
    assert publish(engine, bars(("A", day(1))), ["A"], "r2", removable={"A": 2}).removed == 2


def test_a_bar_without_a_symbol_cannot_be_published(engine):
    with pytest.raises(PublishError, match="1 bars to publish have no symbol or no date"):
        publish(engine, bars((None, day(1))), ["A"])


def test_remarks_are_published_with_the_bar(engine):
    remarks: list[Any] = [None, ['no "spike"', "fresh"]]
    frame = bars(("A", day(1)), ("A", day(2))).assign(remarks=remarks)
    publish(engine, frame, ["A"])
    with engine.connect() as connection:
        found = connection.execute(text("select remarks from stock_data_enriched order by date"))
        assert [row[0] for row in found] == [None, ['no "spike"', "fresh"]]


def test_the_edges_of_a_range_are_its_first_bars_and_those_behind_it(engine):
    for number, close in enumerate([10.0, 11.0, 12.0, 13.0], 1):
        publish(engine, bars(("A", day(number)), close=close), ["A"], start=day(number),
                end=day(number))  # fmt: skip
    with engine.begin() as connection:
        found = edge_bars(connection, symbols=["A", "B"], start=day(2), end=day(2))
        assert found[["date", "close", "previous_close"]].to_numpy().tolist() == [
            [day(2), 11.0, 10.0],
            [day(3), 12.0, 11.0],
        ]
        assert edge_bars(connection, symbols=["A"], start=None, end=None)["date"].tolist() == [
            day(1)
        ]
        everywhere = edge_bars(connection, symbols=["A"], start=day(2), end=day(2), everywhere=True)
        assert everywhere["close"].tolist() == [10.0, 11.0, 12.0, 13.0]
        corrected = found.assign(daily_return=[0.1, float("nan")])
        assert correct_returns(connection, corrected) == 2
    with engine.connect() as connection:
        returns = connection.execute(
            text("select daily_return from stock_data_enriched order by date")
        )
        assert [row[0] for row in returns] == [None, 0.1, None, None]


def test_what_the_source_lost_is_told_by_symbol(engine):
    load_sample(engine)
    publish(
        engine,
        bars(("TSLA", dt.date(2025, 10, 6)), ("TSLA", day(1)), ("GONE", day(2))),
        ["TSLA", "GONE"],
    )
    asked: dict[str, Any] = {"symbols": ["TSLA", "GONE", "NVDA"], "start": None, "end": None}
    found = bars_gone(engine, **asked, extracted_at=LATER)
    assert found == [
        Gone("GONE", 1, 1, day(2), day(2), (day(2),)),
        Gone("TSLA", 2, 1, day(1), day(1), (day(1),)),
    ]
    assert bars_gone(engine, **asked, extracted_at=READ - dt.timedelta(1)) == []
    assert bars_gone(engine, **(asked | {"start": day(3)}), extracted_at=LATER) == []
    assert published_symbols(engine, start=None, end=day(2)) == ["GONE", "TSLA"]


def test_doubts_about_published_bars_are_kept_with_them(engine):
    remarks: list[Any] = [["fresh"]]
    publish(engine, bars(("A", day(1))).assign(remarks=remarks), ["A"])
    keys = [("A", day(1)), ("A", day(2))]
    (found,) = published_bars(engine, keys)

    def note(*names: str, run_id: str = "r1", later: int = 0) -> int:
        at = found.published_at + dt.timedelta(seconds=later)
        with engine.begin() as connection:
            return note_doubts(connection, [Doubted("A", day(1), run_id, at, names)])

    assert note("spike", "split") == note("spike", "gap") == 1
    assert note("of what was there before", later=-1) == note("of another run", run_id="r0") == 0
    with engine.begin() as connection:
        assert note_doubts(connection, []) == 0
    (found,) = published_bars(engine, keys)
    assert (found.symbol, found.date, found.run_id) == ("A", day(1), "r1")
    assert found.known == ("fresh", "gap", "spike", "split")


BEFORE = (
    "create table stock_data_quarantine (run_id text not null, row_number bigint not null,"
    " symbol text, date date, open float8, high float8, low float8, close float8, volume float8,"
    " created_at timestamp, reasons text[] not null, quarantined_at timestamptz not null default"
    " now(), released_by text, released_at timestamptz, primary key (run_id, row_number))",
    "create table stock_data_enriched (symbol varchar(10) not null, date date not null,"
    " open float8 not null, high float8 not null, low float8 not null, close float8 not null,"
    " volume float8 not null, daily_return float8, price_range float8, price_range_pct float8,"
    " run_id text not null, published_at timestamptz not null default now(),"
    " primary key (symbol, date))",
    "insert into stock_data_quarantine values ('r0', 0, 'A', '2025-01-01', 1, 1, 1, 1, 1, null,"
    " '{}', now(), 'r1', now())",
    "insert into stock_data_enriched values ('A', '2025-01-01', 1, 1, 1, 1, 1, null, 0, 0, 'r1')",
)


def test_tables_of_an_older_version_are_brought_up_to_date_with_their_rows(engine):
    with engine.begin() as connection:
        connection.execute(text("drop table stock_data_quarantine, stock_data_enriched"))
        for command in BEFORE:
            connection.execute(text(command))
    create_schema(engine)
    create_schema(engine)
    assert held(engine, "run_id, attempt, released_by") == [("r0", 1, "r1")]
    assert publish(engine, bars(("A", day(1))), ["A"], "r2").rows == 1
    quarantine(engine)
    assert len(held(engine)) == 4
