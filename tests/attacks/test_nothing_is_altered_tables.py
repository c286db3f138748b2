"""Attack: tables of other people's, where a load would store something else."""

import datetime as dt

import pyarrow as pa
import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from sql.errors import BarStoreError, LoadError
from sql.load import load_bars

NAMES = ("symbol", "date", "open", "high", "low", "close", "volume")
DAY = dt.date(2025, 11, 3)
NUMBERS = "open numeric, high numeric, low numeric, close numeric, volume numeric"
TABLE = "create table stock_data (symbol text, date {day}, " + NUMBERS + ", unique (symbol, date))"


def bar(symbol: str = "A", day: dt.date = DAY) -> pa.Table:
    cells = (symbol, day, "1.17", "2", "1", "1.5", "100")
    return pa.table({name: [cell] for name, cell in zip(NAMES, cells, strict=True)})


def run(engine: Engine, *commands: str) -> None:
    with engine.begin() as connection:
        for command in commands:
            connection.exec_driver_sql(command)


def symbols(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.exec_driver_sql("select symbol from stock_data").scalars())


ROUNDS = (
    "create function rounds() returns trigger language plpgsql as "
    "$$ begin new.open := round(new.open, 1); return new; end $$"
)


@pytest.mark.parametrize("depth", [1, 2])
def test_a_trigger_of_a_partition_alters_nothing(engine: Engine, depth: int):
    of = ["stock_data", "year", "day"]
    run(
        engine,
        "drop table stock_data",
        TABLE.format(day="date") + " partition by range (date)",
        *(
            f"create table {of[n + 1]} partition of {of[n]} default"
            + (" partition by list (symbol)" if n + 1 < depth else "")
            for n in range(depth)
        ),
        ROUNDS,
        f"create trigger rounds before insert on {of[depth]} "
        "for each row execute function rounds()",
    )
    with pytest.raises(LoadError, match="dropped 0 and changed 1"):
        load_bars(engine, bar())
    assert symbols(engine) == []


def test_a_bar_of_an_inheriting_table_is_not_loaded_a_second_time(engine: Engine):
    run(
        engine,
        "create table y2025 () inherits (stock_data)",
        "insert into y2025 (id, symbol, date, open, high, low, close, volume) "
        "values (1, 'A', '2025-11-03', 1, 2, 1, 1.5, 100)",
    )
    with pytest.raises(LoadError, match="y2025 inherits from stock_data"):
        load_bars(engine, bar())


@pytest.mark.parametrize(
    ("day", "held"),
    [
        ("timestamp", "2025-11-03 16:00"),
        ("timestamptz", "2025-11-03 00:00-05"),
        ("timestamptz", "2025-11-03 00:00+05:30"),
        ("text", "20251103"),
        ("text", "11/03/2025"),
        ("text", "Nov 3, 2025"),
        ("varchar(20)", "2025-11-03 "),
    ],
)
def test_a_bar_is_not_put_beside_itself_for_another_spelling_of_its_date(
    engine: Engine, day: str, held: str
):
    run(
        engine,
        "drop table stock_data",
        TABLE.format(day=day),
        f"insert into stock_data values ('A', '{held}', 1, 2, 1, 1.5, 100)",
    )
    with pytest.raises(LoadError, match=r"alter column date type date using .*Nothing was loaded"):
        load_bars(engine, bar())
    assert len(symbols(engine)) == 1
    load_bars(engine, bar("B"))  # whose dates are none of these
    assert len(symbols(engine)) == 2


@pytest.mark.parametrize("day", ["timestamp", "timestamptz", "text", "char(12)", "varchar(10)"])
def test_days_of_any_type_are_the_same_bars_when_loaded_again(engine: Engine, day: str):
    run(engine, "drop table stock_data", TABLE.format(day=day))
    load_bars(engine, bar())
    assert load_bars(engine, bar()).unchanged == 1
    assert len(symbols(engine)) == 1


def test_a_column_too_short_for_a_date_says_which_would_do(engine: Engine):
    run(engine, "drop table stock_data", TABLE.format(day="char(8)"))
    with pytest.raises(LoadError, match=r"Column date .*character\(8\).*date would do"):
        load_bars(engine, bar())


@pytest.mark.parametrize(
    "kind", ["bigint", "jsonb", "text", "time", "text generated always as ('then') stored"]
)
def test_a_created_at_of_any_type_refuses_no_bar(engine: Engine, kind: str):
    table = TABLE.format(day="date").replace("volume numeric", f"volume numeric, created_at {kind}")
    run(engine, "drop table stock_data", table)
    assert load_bars(engine, bar()).new == 1
    assert load_bars(engine, bar()).unchanged == 1


@pytest.mark.parametrize("kind", ["sequence", "index", "type"])
def test_what_is_no_table_is_not_called_a_view(engine: Engine, kind: str):
    made = {
        "sequence": "create sequence stock_data",
        "index": "create index stock_data on kept (symbol)",
        "type": "create type stock_data as (symbol text)",
    }
    run(engine, "alter table stock_data rename to kept", made[kind])
    with pytest.raises(BarStoreError, match="There is no table stock_data"):
        load_bars(engine, bar())


def test_a_load_past_the_rows_that_a_policy_lets_through_is_told(engine: Engine):
    run(
        engine,
        "drop role if exists tenant",
        "create role tenant",
        "grant all on all tables in schema public to tenant",
        "grant all on all sequences in schema public to tenant",
        "alter table stock_data enable row level security",
        "create policy own on stock_data using (symbol = 'B')",
    )
    with engine.connect() as connection:
        connection.exec_driver_sql("set session authorization tenant")
        connection.commit()
    try:
        with pytest.raises(LoadError, match=r"row 1 .*violates row-level security policy"):
            load_bars(engine, bar())
    except DBAPIError as error:  # pragma: no cover - what must not be
        pytest.fail(f"a bare error of the driver: {error}")
    finally:
        engine.dispose()
        run(engine, "drop owned by tenant", "drop role tenant")
