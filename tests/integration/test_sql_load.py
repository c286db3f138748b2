import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sqlalchemy import text

from sql.errors import FaultyRowsError, LoadError, MissingTableError
from sql.exact import fits, misfits
from sql.load import LoadResult, load_bars
from sql.schema import create_schema, load_sample
from sql.target import read_target

DAY = dt.date(2025, 1, 2)
NAMES = ["symbol", "date", "open", "high", "low", "close", "volume"]
OLD = (
    "symbol varchar(10) not null, date date not null, open numeric(10, 2) not null,"
    " high numeric(10, 2) not null, low numeric(10, 2) not null, close numeric(10, 2) not null,"
    " volume bigint not null, created_at timestamp default now(), unique (symbol, date)"
)
TRIGGER = "create function meddle() returns trigger language plpgsql as $$ begin {body} end $$"
ON_EACH_ROW = (
    "create trigger meddle before insert on stock_data for each row execute function meddle()"
)


def table(*rows, kind=None):
    columns = [list(column) for column in zip(*rows, strict=True)] or [[]] * 7
    types = [pa.string(), pa.date32(), *[kind or pa.float64()] * 5]
    return pa.table([pa.array(c, t) for c, t in zip(columns, types, strict=True)], names=NAMES)


def bar(symbol="A", date=DAY, close=10.0, volume=100.0):
    return (symbol, date, 10.0, 11.0, 9.0, close, volume)


def written(*rows, **more):
    """Rows as a file has them: every number a text, each with its line."""
    found = table(*(row[1:] for row in rows), kind=pa.string())
    found = found.add_column(0, "line", pa.array([row[0] for row in rows], pa.int64()))
    for name, values in more.items():
        found = found.append_column(name, pa.array(values, pa.string()))
    return found


def row(line, close="10", volume="100", symbol="A", date=DAY):
    return (line, symbol, date, "10", "11", "9", close, volume)


def stored(engine, columns="symbol, date, close::text, volume"):
    with engine.connect() as connection:
        query = text(f"select {columns} from stock_data order by symbol, date")
        return [tuple(row) for row in connection.execute(query)]


def run(engine, *commands):
    with engine.begin() as connection:
        for command in commands:
            connection.exec_driver_sql(command)


def narrow(engine, columns=OLD):
    run(engine, "drop table stock_data", f"create table stock_data ({columns})")


def test_new_changed_and_unchanged_bars_are_counted(engine):
    assert load_bars(engine, table(bar(), bar("B"))) == LoadResult(2, 2, 0, 0)
    again = table(bar(), bar("B", close=10.5), bar("C"))
    assert load_bars(engine, again) == LoadResult(3, 1, 1, 1)
    assert stored(engine) == [
        ("A", DAY, "10", 100),
        ("B", DAY, "10.5", 100),
        ("C", DAY, "10", 100),
    ]


def test_only_a_changed_bar_gets_a_new_time(engine):
    load_bars(engine, table(bar(), bar("B")))
    before = stored(engine, "created_at")
    load_bars(engine, table(bar(), bar("B", close=10.5)))
    after = stored(engine, "created_at")
    assert after[0] == before[0]
    assert after[1] > before[1]


@pytest.mark.parametrize(
    ("close", "volume"),
    [
        ("0.000011", "721.7013"),
        ("1.1011e-05", "261314413264.0"),
        ("812345.12345678", "1E3"),
        ("15998888777.5", ".5"),
        ("0.1234567890123456789012345678901234567890123", "99999999999999999999999999"),
        ("+5.", "0"),
    ],
)
def test_our_own_table_holds_what_a_file_says_to_the_last_digit(engine, close, volume):
    load_bars(engine, written(row(2, close, volume)))
    assert stored(engine, "close, volume") == [(Decimal(close), Decimal(volume))]


def test_bad_bars_that_the_table_can_hold_are_loaded_for_the_gate_to_judge(engine):
    load_bars(engine, table(bar(close=-5.0, volume=-1.0)))
    assert stored(engine) == [("A", DAY, "-5", -1)]


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("numeric(10,2)", "0.000011", r"'0.000011' does not fit numeric\(10,2\) .*numeric\(14,6\)"),
        ("numeric(10,2)", "123456789", r"does not fit .*; numeric\(11,2\) would"),
        ("numeric(24,10)", "1e-11", r"'1e-11' .*; numeric\(25,11\) would"),
        ("numeric(3,-2)", "150", r"'150' does not fit numeric\(3,-2\)"),
        ("bigint", "721.7013", "'721.7013' does not fit bigint exactly; numeric would"),
        ("integer", "3000000000", "does not fit integer exactly; bigint would"),
        ("smallint", "1e30", "'1e30' does not fit smallint exactly; numeric would"),
        ("double precision", "0.12345678901234567891", "double precision exactly; numeric would"),
        ("double precision", "9007199254740993", "double precision exactly; numeric would"),
        ("real", "1e39", "does not fit real exactly; double precision would"),
        ("real", "366.5712345", "does not fit real exactly; double precision would"),
        ("money", "1.5", "is money, of which is not known what it holds"),
        ("varchar(3)", "1234", r"'1234' does not fit character varying\(3\)"),
    ],
)
def test_what_a_column_cannot_hold_exactly_is_refused_with_the_type_that_would(
    engine, column, value, said
):
    narrow(engine, OLD.replace("close numeric(10, 2)", f"close {column}"))
    with pytest.raises(LoadError, match=said) as raised:
        load_bars(engine, written(row(2, "0", symbol="FIRST"), row(7, value)))
    assert column == "money" or str(raised.value).startswith("line 7, column close: ")
    assert stored(engine) == []


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("numeric(10,2)", "99999999.990"),
        ("numeric(5,7)", "0.0012345"),
        ("numeric(3,-2)", "99900"),
        ("bigint", "9223372036854775807"),
        ("bigint", "1000.000000000000000000000000000000000000000000"),
        ("double precision", "0.30000000000000004"),
        ("double precision", "1e-310"),
        ("real", "366.57"),
        ("varchar(20)", "366.57"),
    ],
)
def test_what_a_column_holds_exactly_is_stored(engine, column, value):
    narrow(engine, OLD.replace("close numeric(10, 2)", f"close {column}"))
    assert load_bars(engine, written(row(2, value))).new == 1
    assert Decimal(stored(engine, "close::text")[0][0]) == Decimal(value)
    assert load_bars(engine, written(row(2, value))).unchanged == 1


def test_a_domain_is_the_type_below_it(engine):
    run(engine, "create domain cents as numeric(8, 2) not null", "create domain price as cents")
    narrow(engine, OLD.replace("close numeric(10, 2) not null", "close price"))
    with pytest.raises(LoadError, match=r"'0.001' does not fit price exactly; numeric\(9,3\)"):
        load_bars(engine, written(row(2, "0.001")))
    with pytest.raises(FaultyRowsError, match="line 2, column close is no number"):
        load_bars(engine, written(row(2, None)))


def test_every_column_that_is_too_narrow_is_told_at_once(engine):
    narrow(engine)
    rows = [row(2, "0.001", "1.5", symbol="A" * 11), row(3, "0.002", symbol="B")]
    with pytest.raises(LoadError) as raised:
        load_bars(engine, written(*rows))
    said = str(raised.value)
    assert "line 2, column symbol: 'AAAAAAAAAAA' does not fit character varying(10)" in said
    assert "varchar(32) would hold it" in said
    assert "line 2, column close: '0.001' does not fit numeric(10,2) exactly (so in 2 rows)" in said
    assert "alter table stock_data alter column volume type numeric" in said


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (bar(symbol=None), "row 2, column symbol: it has none"),
        (bar(symbol=""), "row 2, column symbol: it has none"),
        (bar(symbol="A" * 33), r"row 2, column symbol: .* does not fit character varying\(32\)"),
        (bar(date=None), "row 2, column date: it has none"),
        (bar(close=None), "row 2, column close is no number"),
        (bar(close=float("nan")), "row 2, column close is no number"),
        (bar(close=float("inf")), "row 2, column close: 'inf' is no finite number"),
        (bar(volume=float("-inf")), "row 2, column volume: '-inf' is no finite number"),
        (bar("FIRST"), "row 2, it is the bar FIRST 2025-01-02, as row 1 is"),
    ],
)
def test_a_bar_that_cannot_be_stored_is_named_and_nothing_is_loaded(engine, bad, said):
    with pytest.raises(LoadError, match=said):
        load_bars(engine, table(bar("FIRST"), bad, bar("LAST")))
    assert stored(engine) == []


def test_rows_without_numbers_are_null_in_a_table_that_may_hold_them(engine):
    run(engine, "alter table stock_data alter close drop not null")
    load_bars(engine, written(row(2, None)))
    assert stored(engine, "open, close") == [(10, None)]


def test_rows_with_faults_of_their_own_are_set_aside_and_the_others_loaded(engine):
    rows = written(
        row(2),
        row(3, None, symbol="B"),
        row(4, symbol="C"),
        row(7, None, symbol="A"),
        row(8, symbol="D"),
        row(9, "10.0", symbol="D"),
        row(10, symbol="E"),
        row(11, "12", symbol="E"),
        missing=[None, "close: 'NaN'", None, "close: ''", None, None, None, None],
        fault=[None, None, "column date: 'x' is no date", None, None, None, None, None],
    )
    with pytest.raises(FaultyRowsError, match=r"line 3, column close: 'NaN' .*\(and 5 more"):
        load_bars(engine, rows)
    assert stored(engine) == []

    aside: list[Any] = []
    done = load_bars(engine, rows, set_aside=aside.extend)

    assert done == LoadResult(2, 2, 0, 0, set_aside=6)
    assert stored(engine, "symbol") == [("A",), ("D",)]
    assert [one.line for one in aside] == [3, 4, 7, 9, 10, 11]
    assert aside[0].reason == "column close: 'NaN' is no number, and stock_data may not lack one"
    assert aside[3].reason == "it is the bar D 2025-01-02, as line 8 is"


def test_of_two_rows_of_a_bar_the_one_that_lacks_nothing_stays(engine):
    run(engine, "alter table stock_data alter close drop not null")
    aside: list[Any] = []
    load_bars(engine, written(row(2, None), row(3)), set_aside=aside.extend)
    assert [one.line for one in aside] == [2]
    assert stored(engine, "close") == [(10,)]


def test_nothing_is_set_aside_when_no_row_is_left_or_the_rest_does_not_fit(engine):
    aside: list[Any] = []
    with pytest.raises(FaultyRowsError, match="No row is left to load"):
        load_bars(engine, written(row(2, None)), set_aside=aside.extend)
    with pytest.raises(LoadError, match="does not fit"):
        rows = written(row(2, None), row(3, symbol="B" * 40))
        load_bars(engine, rows, set_aside=aside.extend)
    assert aside == []


def test_a_table_that_cannot_be_loaded_into_says_why(engine):
    run(engine, "alter table stock_data drop constraint stock_data_symbol_date_key")
    with pytest.raises(LoadError, match=r"add unique \(symbol, date\)"):
        load_bars(engine, table(bar()))
    run(engine, "alter table stock_data add unique (symbol, date), add feed text not null")
    with pytest.raises(LoadError, match="wants a value in its column feed"):
        load_bars(engine, table(bar()))
    run(
        engine,
        "alter table stock_data drop feed, drop created_at, add check (close < 50)",
    )
    assert load_bars(engine, table(bar())).new == 1
    with pytest.raises(LoadError, match=r"refuses a bar: .* violates check constraint"):
        load_bars(engine, table(bar(close=60.0)))
    run(
        engine,
        "alter table stock_data rename to bars",
        "create view stock_data as select * from bars",
    )
    with pytest.raises(LoadError, match="is a view"):
        load_bars(engine, table(bar()))
    run(engine, "drop view stock_data")
    with pytest.raises(MissingTableError):
        load_bars(engine, table(bar()))


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("add constraint cheap check (close < 50)", r'constraint "cheap", CHECK \(\(close < .*50'),
        ("add unique (volume)", r"unique constraint .*: Key \(volume\)=\(7\) already exists"),
        ("add unique (volume) deferrable initially deferred", r"Key \(volume\)=\(7\) already"),
        (
            "add foreign key (symbol) references known deferrable initially deferred",
            r"foreign key constraint .*: Key \(symbol\)=\(BAD\) is not present in table",
        ),
    ],
)
def test_a_rule_of_the_table_s_owner_is_told_with_the_line_that_breaks_it(engine, rule, said):
    run(
        engine,
        "create table known (symbol varchar(32) primary key)",
        "insert into known select 'S' || n from generate_series(0, 40) as n",
        f"alter table stock_data {rule}",
    )
    rows = [row(2 * n, volume=str(n), symbol=f"S{n}") for n in range(1, 41)]
    rows[22] = row(99, close="60", volume="7", symbol="BAD")
    with pytest.raises(LoadError, match=said) as raised:
        load_bars(engine, written(*rows))
    assert str(raised.value).startswith("line 99 (BAD 2025-01-02): stock_data refuses a bar: ")
    assert "\n" not in str(raised.value)
    assert stored(engine) == []


def test_a_trigger_that_refuses_a_bar_is_told_in_a_line(engine):
    body = "if new.symbol = ''C'' then raise exception ''frozen\nsymbol''; end if; return new;"
    run(engine, TRIGGER.format(body=body.replace("''", "'")), ON_EACH_ROW)
    with pytest.raises(
        LoadError, match=r"^row 3 \(C 2025-01-02\): .* refuses a bar: frozen symbol"
    ):
        load_bars(engine, table(bar(), bar("B"), bar("C"), bar("D")))
    assert stored(engine) == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("new.close := round(new.close); return new;", "dropped 0 and changed 1"),
        ("if new.symbol = 'B' then return null; end if; return new;", "dropped 1 and changed 0"),
    ],
)
def test_what_a_trigger_would_alter_in_silence_is_not_loaded(engine, body, said):
    run(engine, TRIGGER.format(body=body), ON_EACH_ROW)
    with pytest.raises(LoadError, match=said):
        load_bars(engine, table(bar(close=10.25), bar("B")))
    assert stored(engine) == []


def test_a_rule_of_a_domain_is_told_with_its_line(engine):
    run(engine, "create domain price as numeric check (value < 50)")
    run(engine, "alter table stock_data alter close type price")
    with pytest.raises(LoadError, match=r"^line 7 \(B 2025-01-02\): .* price violates check"):
        load_bars(engine, written(row(2), row(7, close="60", symbol="B")))


def test_a_missing_column_is_named(engine):
    with pytest.raises(LoadError, match="no column volume"):
        load_bars(engine, table(bar()).drop_columns(["volume"]))


def test_an_empty_table_loads_nothing(engine):
    assert load_bars(engine, table()) == LoadResult(0, 0, 0, 0)


def test_whole_number_columns_are_fine(engine):
    whole = table(bar())
    for position, name in enumerate(whole.column_names[2:], start=2):
        whole = whole.set_column(position, name, whole[name].cast(pa.int64()))
    assert load_bars(engine, whole).new == 1


def test_the_quick_look_at_a_column_agrees_with_the_look_at_each_number(engine):
    kinds = ("numeric(10, 2)", "numeric(30, 10)", "bigint", "smallint", "real")
    numbers = ", ".join(f"{name} {kind}" for name, kind in zip(NAMES[2:], kinds, strict=True))
    narrow(engine, f"symbol text, date date, {numbers}, unique (symbol, date)")
    rng = np.random.default_rng(7)
    texts = [
        f"{rng.integers(0, 10 ** rng.integers(1, 18))}e-{rng.integers(0, 12)}" for _ in range(400)
    ]
    texts += [str(round(value, int(rng.integers(0, 9)))) for value in rng.uniform(-500, 500, 400)]
    with engine.connect() as connection:
        columns = read_target(connection).columns
    for name in NAMES[2:]:
        column = columns[name]
        wrong = [at for at, number in enumerate(texts) if not fits(Decimal(number), column)]
        assert 0 < len(wrong) < len(texts)
        assert misfits(pa.chunked_array([pa.array(texts)]), column) == wrong
        assert [at for at in range(len(texts)) if misfits(_one(texts[at]), column)] == wrong


def _one(number):
    return pa.chunked_array([pa.array([number])])


def test_a_table_of_before_is_widened_once_with_its_rows(engine):
    narrow(engine, "id serial primary key, " + OLD)
    run(engine, "insert into stock_data (symbol, date, open, high, low, close, volume)"
        " values ('A', '2025-01-02', 10, 11, 9, 10.25, 100)")  # fmt: skip
    before = stored(engine, "id, symbol, date, close, volume, created_at")

    (said,) = create_schema(engine)

    assert said.startswith("stock_data was widened: symbol from character varying(10) to")
    assert "volume from bigint to numeric" in said
    assert stored(engine, "id, symbol, date, close, volume, created_at") == before
    assert create_schema(engine) == []
    assert load_bars(engine, written(row(2, "0.000011", "0.5"))).changed == 1
    assert stored(engine, "close, volume") == [(Decimal("0.000011"), Decimal("0.5"))]


OTHERS = {
    "no id": OLD,
    "one column more": "id serial primary key, feed text, " + OLD,
    "wider prices": "id serial primary key, " + OLD.replace("10, 2", "24, 10"),
    "wider volume": "id serial primary key, " + OLD.replace("bigint", "numeric"),
    "another id": "id bigserial primary key, " + OLD,
    "numbers that may lack": "id serial primary key, " + OLD.replace("bigint not null", "bigint"),
    "a rule": "id serial primary key, check (volume >= 0), " + OLD,
    "another default": "id serial primary key, " + OLD.replace("now()", "'2000-01-01'"),
    "another order": OLD.replace(", unique", ", id serial primary key, unique"),
}


@pytest.mark.parametrize("columns", OTHERS.values(), ids=OTHERS)
def test_a_table_of_somebody_else_is_left_as_it_is_and_empty(engine, columns):
    narrow(engine, columns)
    with engine.connect() as connection:
        before = read_target(connection)
    assert create_schema(engine) == []
    with engine.connect() as connection:
        assert read_target(connection) == before
    assert load_sample(engine) == 0


def test_a_trigger_of_its_owner_makes_a_table_somebody_else_s(engine):
    narrow(engine, "id serial primary key, " + OLD)
    run(engine, TRIGGER.format(body="return new;"), ON_EACH_ROW)
    assert create_schema(engine) == []


@pytest.mark.parametrize(
    "columns", ["symbol text, close money, day date", "symbol varchar(2) unique"]
)
def test_an_empty_table_that_the_sample_does_not_fit_stays_empty(engine, columns):
    narrow(engine, columns)
    create_schema(engine)
    assert load_sample(engine) == 0


def test_a_table_that_was_emptied_is_not_filled_with_the_sample_again(engine):
    assert load_sample(engine) == 46
    run(engine, "delete from stock_data")
    assert load_sample(engine) == 0


def test_a_view_on_the_table_of_before_keeps_it_narrow_and_is_named(engine):
    narrow(engine, "id serial primary key, " + OLD)
    run(engine, "create view closes as select symbol, close from stock_data")

    (said,) = create_schema(engine)

    assert "keeps its narrow columns" in said
    assert "view closes" in said
    with pytest.raises(LoadError, match="does not fit"):
        load_bars(engine, written(row(2, "0.000011")))
