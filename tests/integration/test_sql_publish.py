import datetime as dt
import io
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import text

from sql.connection import make_engine
from sql.errors import PublishError
from sql.extract import extract_bars
from sql.publish import Publication, publish_bars, quarantine_bars, release
from sql.schema import load_sample
from transforms import enrich

ROOT = Path(__file__).parents[2]
DAY = dt.date(2025, 1, 2)


def bars(*keys, close=10.0):
    frame = pd.DataFrame(keys, columns=["symbol", "date"])
    return frame.assign(
        open=10.0,
        high=11.0,
        low=9.0,
        close=close,
        volume=5.0,
        daily_return=float("nan"),
        price_range=2.0,
        price_range_pct=20.0,
    )


def day(number):
    return dt.date(2025, 1, number)


def publish(engine, frame, symbols, run_id="r1", start=None, end=None):
    with engine.begin() as connection:
        return publish_bars(connection, frame, run_id=run_id, symbols=symbols, start=start, end=end)


def published(engine):
    query = "select symbol, date, close, run_id from stock_data_enriched order by symbol, date"
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


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
        "import sys, tests.integration.test_sql_publish as t\n"
        "from sql.connection import ConnectionSettings, make_engine\n"
        "engine = make_engine(ConnectionSettings(sys.argv[1], 5432, *sys.argv[2:]))\n"
        "with engine.begin() as connection:\n"
        "    t.publish_bars(connection, t.bars(('A', t.day(2))), run_id='r2', symbols=['A'],\n"
        "                   start=None, end=None)\n"
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


def held(engine, columns="run_id, row_number, symbol, date, close, reasons, released_by"):
    query = f"select {columns} from stock_data_quarantine order by run_id, row_number"
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


WRITTEN = dt.datetime(2025, 1, 2, 3, 4, 5, 6)
BAD = pa.table(
    {
        "symbol": ["B", "B", "B"],
        "date": pa.array([DAY, DAY, None], pa.date32()),
        "open": [1.0, 1.0, None],
        "high": [1.0, 1.0, float("inf")],
        "low": [1.0, 1.0, float("-inf")],
        "close": [-1.0, -1.0, float("nan")],
        "volume": [1.5, 1.5, None],
        "created_at": pa.array(
            [dt.datetime(2025, 1, 2, 3, 4, 5, 6), None, None], pa.timestamp("us")
        ),
    }
)
REASONS = [['close > 0, "always"'], ["a\\b", "Ä, {}"], []]


def quarantine(engine, table=BAD, run_id="r1", reasons=REASONS, row_numbers=(4, 5, 9)):
    with engine.begin() as connection:
        return quarantine_bars(
            connection, table, run_id=run_id, reasons=reasons, row_numbers=row_numbers
        )


def test_held_bars_are_kept_exactly_with_their_reasons(engine):
    assert quarantine(engine) == 3
    rows = held(engine)
    assert rows[0] == ("r1", 4, "B", DAY, -1.0, REASONS[0], None)
    assert [row[5] for row in rows] == REASONS
    last = held(engine, "date, open, high, low, close::text, volume, created_at")[2]
    assert last == (None, None, float("inf"), float("-inf"), "NaN", None, None)


def test_a_repeated_run_writes_its_held_bars_once(engine):
    quarantine(engine)
    shown = "stock_data_quarantine::text"  # as text, in which NaN equals itself
    before = held(engine, shown)
    quarantine(engine)
    assert held(engine, shown) == before
    quarantine(engine, BAD.slice(1), reasons=REASONS[1:], row_numbers=[5, 10])
    assert [row[1] for row in held(engine)] == [5, 10]
    assert quarantine(engine, BAD.slice(0, 0), reasons=[], row_numbers=[]) == 0
    assert held(engine) == []


def test_a_partition_replaces_only_the_held_bars_of_its_own_positions(engine):
    quarantine(engine, row_numbers=[4, 105, 209])
    with engine.begin() as connection:
        quarantine_bars(
            connection,
            BAD.slice(0, 1),
            run_id="r1",
            reasons=REASONS[:1],
            row_numbers=[101],
            first=100,
            end=200,
        )
    assert sorted(row[1] for row in held(engine)) == [4, 101, 209]


def test_a_frame_can_be_held_too(engine):
    quarantine(engine, BAD.to_pandas())
    assert held(engine, "created_at")[0] == (WRITTEN,)
    assert held(engine, "close, volume")[2] == (None, None)


def test_a_later_run_releases_what_others_held(engine):
    quarantine(engine, run_id="r1")
    quarantine(engine, run_id="r2")
    with engine.begin() as connection:
        assert release(connection, run_id="r2", symbols=["A"], start=None, end=None) == 0
        assert release(connection, run_id="r2", symbols=["A", "B"], start=None, end=None) == 3
        assert release(connection, run_id="r3", symbols=["B"], start=None, end=None) == 3
    assert [row[6] for row in held(engine)] == ["r2"] * 3 + ["r3"] * 3
    assert all(row[0] is not None for row in held(engine, "released_at"))
    quarantine(engine, run_id="r1")
    assert [row[6] for row in held(engine)][:3] == ["r2"] * 3


def test_a_run_releases_only_its_own_dates_and_the_undated(engine):
    quarantine(engine, run_id="r1")
    later = DAY + dt.timedelta(days=1)
    with engine.begin() as connection:
        assert release(connection, run_id="r2", symbols=["B"], start=later, end=None) == 1
        assert release(connection, run_id="r3", symbols=["B"], start=None, end=DAY) == 2


def test_one_transaction_holds_publication_and_quarantine(engine):
    with pytest.raises(RuntimeError), engine.begin() as connection:
        publish_bars(connection, bars(("A", DAY)), run_id="r", symbols=["A"], start=None, end=None)
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
    assert engine.pool.checkedout() == 0
    engine.dispose()
