"""Runs that read and publish in any order, against a model of what must come of it.

Two symbols, six days. Between the steps of the runs the source gains, loses and restates bars; a
symbol with a bad bar in what a run has read is held by it.
"""

import random
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import Engine

from sql.previous import previous_closes
from sql.publish import publish_bars
from sql.quarantine import quarantine_bars, release
from transforms.bars import enrich

pytestmark = pytest.mark.usefixtures("airflow_environment")  # a step's code imports Airflow

SYMBOLS = ("A", "B")
DAYS = [date(2025, 1, 1) + timedelta(days=at) for at in range(6)]
READ = datetime(2025, 6, 1, tzinfo=UTC)
PRICES = ("open", "high", "low", "close")
Key = tuple[str, date]


@dataclass(frozen=True)
class Bar:
    close: float
    bad: bool = False


@dataclass(frozen=True)
class Read:
    """What a run has read: the bars of its symbols from `start` to `end` (None: open) at `at`."""

    run_id: str
    symbols: tuple[str, ...]
    start: date | None
    end: date | None
    at: datetime = READ
    bars: tuple[tuple[Key, Bar], ...] = ()

    def of(self, source: dict[Key, Bar], at: datetime) -> "Read":
        mine = {key: bar for key, bar in source.items() if self.covers(key)}
        return replace(self, at=at, bars=tuple(sorted(mine.items(), key=lambda one: one[0])))

    def covers(self, key: Key) -> bool:
        after = self.start is None or key[1] >= self.start
        return key[0] in self.symbols and after and (self.end is None or key[1] <= self.end)

    @property
    def held(self) -> set[str]:
        return {symbol for (symbol, _), bar in self.bars if bar.bad}

    def has(self, key: Key) -> bool:
        return key in dict(self.bars)


def frame(bars: list[tuple[Key, Bar]]) -> pd.DataFrame:
    rows = [(s, pd.Timestamp(day), *([bar.close] * 4), 1.0) for (s, day), bar in bars]
    found = pd.DataFrame(rows, columns=["symbol", "date", *PRICES, "volume"])
    return found.astype({"symbol": object, "date": "datetime64[s]", "volume": float})


def publish(engine: Engine, read: Read) -> None:
    """As the step does, in one transaction."""
    from dags.work.publish import _correct_edges

    rows = list(enumerate(read.bars))
    held = [(at, one) for at, one in rows if one[0][0] in read.held]
    passed = [symbol for symbol in read.symbols if symbol not in read.held]
    mine: dict[str, Any] = {"run_id": read.run_id, "extracted_at": read.at}
    place: dict[str, Any] = {"symbols": passed, "start": read.start, "end": read.end}
    with engine.begin() as connection:
        before = previous_closes(connection, passed, read.start) if read.start else {}
        bars = frame([one for _, one in rows if one[0][0] in passed])
        done = publish_bars(connection, enrich(bars, previous_close=before), **mine, **place)
        quarantine_bars(
            connection,
            frame([one for _, one in held]),
            reasons=[["bad"]] * len(held),
            row_numbers=[at for at, _ in held],
            **mine,
        )
        release(connection, **mine, **place)
        share: Any = SimpleNamespace(run=SimpleNamespace(moments=(read.start, read.end)))
        _correct_edges(connection, share, passed, done)


def require_right(engine: Engine, done: list[Read]) -> None:
    """What is published is of the newest extract that passed; what is not is held, once."""
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("select * from stock_data_enriched order by 1, 2").all()
        opened = connection.exec_driver_sql(
            "select symbol, date, close from stock_data_quarantine "
            "where released_by is null and superseded_by is null and discarded_by is null"
        ).all()
    published = {(row.symbol, row.date): row.close for row in rows}
    still_held = {(row.symbol, row.date): row.close for row in opened}
    assert len(still_held) == len(opened)
    for key in ((symbol, day) for symbol in SYMBOLS for day in DAYS):
        about = sorted((one for one in done if one.covers(key)), key=lambda one: one.at)
        passed = [one for one in about if key[0] not in one.held]
        right = dict(passed[-1].bars).get(key) if passed else None
        assert published.get(key) == (right and right.close), key
        # A run that did not find a bar says nothing of it.
        found = [dict(one.bars)[key].close for one in about if one.has(key)]
        last_held = next((at for at, one in enumerate(reversed(about)) if one.has(key)), None)
        is_held = last_held is not None and key[0] in about[-1 - last_held].held
        if is_held or key in published:
            assert still_held.get(key) == (found[-1] if is_held else None), key
    for before, row in zip([None, *rows], rows, strict=False):
        first = before is None or before.symbol != row.symbol
        change = None if first else pytest.approx(row.close / before.close - 1)
        assert row.daily_return == change, (row.symbol, row.date)


@pytest.mark.parametrize("seed", range(30))
def test_whatever_the_order_each_bar_is_published_or_held_as_it_was_read_last(
    engine: Engine, seed: int
):
    draw = random.Random(seed)
    source = {(s, day): Bar(draw.randint(90, 110)) for s in SYMBOLS for day in DAYS[:-1]}
    reads: list[Read] = []
    done: list[Read] = []
    for moment in range(30):
        at = READ + timedelta(minutes=moment)
        act = draw.choice(("change", "change", "read", "read", "read again", "publish", "publish"))
        if act == "change":
            key = draw.choice(SYMBOLS), draw.choice(DAYS)
            source[key] = Bar(draw.randint(50, 150), bad=draw.random() < 0.4)
            if draw.random() < 0.3:
                del source[key]
        elif act == "read" or not reads:
            first, last = sorted(draw.choices(DAYS, k=2))
            asked = Read(
                f"run {moment}",
                draw.choice((SYMBOLS, SYMBOLS[:1])),
                draw.choice((None, first)),
                draw.choice((None, last)),
            )
            reads.append(asked.of(source, at))
        elif act == "read again":  # as when the extract is cleared
            place = draw.randrange(len(reads))
            reads[place] = reads[place].of(source, at)
        else:
            done.append(draw.choice(reads))
            publish(engine, done[-1])
            require_right(engine, done)


def test_a_late_run_loses_no_bar_that_only_it_has_seen(engine: Engine):
    """The newer one, which has passed, did not find the bar: nobody has published it."""
    good, bad, gone = ("A", DAYS[0]), ("A", DAYS[1]), ("A", DAYS[2])
    late = Read("late", ("A",), None, None).of(
        {good: Bar(100), bad: Bar(1, bad=True), gone: Bar(102)}, READ
    )
    newer = Read("newer", ("A",), None, None).of(
        {good: Bar(100), bad: Bar(101)}, READ + timedelta(minutes=1)
    )
    for one in (newer, late, late):
        publish(engine, one)
    require_right(engine, [newer, late])
    with engine.connect() as connection:
        found = connection.exec_driver_sql(
            "select date, superseded_by from stock_data_quarantine order by date"
        )
        assert [tuple(row) for row in found] == [
            (DAYS[0], "newer"),
            (DAYS[1], "newer"),
            (DAYS[2], None),
        ]


def test_a_late_run_corrects_the_return_of_a_newer_bar_that_it_did_not_have(engine: Engine):
    """As when a nightly run publishes while a long one is judging what it read before."""
    source = {("A", day): Bar(100 + at) for at, day in enumerate(DAYS)}
    newest = {("A", DAYS[-1]): source.pop(("A", DAYS[-1]))}
    first = Read("first", ("A",), None, None).of(source, READ)
    source["A", DAYS[4]] = Bar(90)
    late = replace(first, run_id="late").of(source, READ + timedelta(minutes=1))
    nightly = Read("nightly", ("A",), DAYS[-1], DAYS[-1]).of(newest, READ + timedelta(minutes=2))
    for one in (first, nightly, late):
        publish(engine, one)
    require_right(engine, [first, nightly, late])
