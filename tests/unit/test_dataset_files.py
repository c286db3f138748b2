"""Dataset files are read strictly, and every fault is told at once."""

import re
from pathlib import Path

import pytest

from gx.dataset.faults import dataset_faults, require_sound
from gx.dataset.model import DEFAULT, Dataset
from gx.dataset.read import dataset_names, parse_dataset, read_dataset
from gx.errors import DatasetError

COINS = """
title: Coins
source:
  table: candles
  columns: {date: ts}
bar: 5 mins
calendar: 24/7
calendars: {"*.L": XLON, "A?": XNYS}
symbols: [NO, ON, "1e5", "007"]
lookback_days: 30
schedule:
"""


def test_what_is_written_is_what_is_read():
    coins = parse_dataset("coins", COINS)

    # YAML itself would read two falsehoods and two numbers here.
    assert coins.symbols == ("NO", "ON", "1e5", "007")
    assert (coins.suite, coins.publish, coins.lookback_days) == ("coins", "coins", 30)
    assert (coins.is_daily, coins.minutes, coins.schedule) == (False, 5, None)
    assert coins.source.column("date") == "ts"
    assert coins.source.column("open") == "open"


def test_indicators_are_chosen_once_and_in_the_order_of_their_columns():
    text = "source: {table: t, carry: [sma_20]}\nindicators: [rsi_14, macd, rsi_14]"
    assert parse_dataset("coins", text).indicators == ("rsi_14", "macd")
    assert parse_dataset("coins", COINS).indicators == ()


def test_the_first_pattern_that_fits_is_a_symbols_calendar():
    coins = parse_dataset("coins", COINS)

    found = coins.calendars_for(["VOD.L", "AB", "BTC", "ABC"])
    assert found is not None
    assert (found.usual, found.others) == ("24/7", {"VOD.L": "XLON", "AB": "XNYS"})
    assert read_dataset(DEFAULT).calendars_for(["VOD.L"]) is None


def test_the_default_dataset_leaves_to_the_settings_what_they_say():
    default = read_dataset(DEFAULT)

    assert dataset_names()[0] == DEFAULT
    assert (default.symbols, default.policy, default.schedule) == ((), None, None)
    assert default.publish is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no entries"),
        ("- a", "has no entries"),
        ("source: {table: t}\nbar: 1 day\nbar: 1 hour", "line 3: 'bar' stands twice"),
        ("source: {table: t}\n? [a]\n: b", "line 2: a key is no text"),
        ("a: [", "line 2"),
        ("bar: 1 day", "source: is not there"),
        ("name: x\nsource: {table: t}", "is called as its file is"),
        ("source: {table: t}\nsymbol: A", "symbol: is not known; did you mean 'symbols'?"),
        ("source: {tabel: t}", "source.tabel: is not known; did you mean 'table'?"),
        ("source: {table: t, query: q}", "either a table or a query"),
        ("source: {schema: s, query: q}", "write it before the table"),
        ("source: {table: t, columns: {cloze: c}}", "'cloze' is nothing that a bar has; did you"),
        ("source: {table: t, symbol: A, columns: {symbol: s}}", "leave one out"),
        ("source: {table: t, zone: Mars/Base}", "there is no time zone 'Mars/Base'"),
        ("source: {table: t, unit: minutes}", "source.unit"),
        ("source: {table: t, unit: yyyymmdd}\nbar: 5 mins", "yyyymmdd is a day"),
        ("source: {table: t}\nbar: weekly", "'weekly' is no size of a bar"),
        ("source: {table: t}\nbar: 24 hours", "'24 hours' is no size of a bar"),
        ("source: {table: t, carry: trades}", "source.carry: is to be a list, as [A, B]"),
        ("source: {table: t, carry: ['']}", "source.carry: a column without a name"),
        ("source: {table: t, columns: [a]}", "source.columns: is to have entries, as A: B"),
        ("source: t", "source: is to have entries, as A: B"),
        ("source: {table: t}\nindicators: sma_20", "indicators: is to be a list, as [A, B]"),
        ("source: {table: t}\nindicators: [sma20]", "no indicator 'sma20'; did you mean 'sma_20'?"),
        ("source: {table: t}\nindicators: [bollinger]", "'bollinger'; there is sma_20, ema_20,"),
        ("source: {table: t}\nbar: 1 hour\nindicators: [volatility_20]", "annualised by 252 days"),
        (
            "source: {table: t, carry: [macd_signal]}\nindicators: [macd]",
            "macd_signal is carried along from the source already",
        ),
        ("source: {table: [t]}", "source.table: is to be one text"),
        ("source: {table: t}\ncalendars: {'*.L': XLON}", "need a calendar for all other"),
        ("source: {table: t}\nsymbols: [A, '*']", "stands alone"),
        ("source: {table: t}\nsymbols: [' A']", "has a space at its beginning or end"),
        (
            "source: {table: t}\npolicy: maybe",
            "should be 'fail', 'quarantine' or 'ask'",
        ),
        ("source: {table: t}\nschedule: daily", "'daily' is no cron string"),
        ("source: {table: t}\nschedule: 99 99 * * *", "'99 99 * * *' is no cron string"),
        ("source: {table: t}\nschedule: '@once'", "'@once' is no cron string"),
        ("source: {table: t}\npublish: public", "not a schema of the dataset's own"),
        ("source: {table: t}\npublish: 'a b'", "small letters"),
        ("source: {table: t}\npublish: coins.Bars", "'Bars' must be of small letters"),
        ("source: {table: t}\npublish: coins.", "'' must be of small letters"),
        ("source: {table: t}\npublish: public.bars", "not a schema of the dataset's own"),
        ("source: {table: t}\npublish: c.stock_data_enriched", "a name of the gate's own tables"),
        ("source: {table: t}\nlookback_days: -1", "lookback_days"),
        ("source: {table: t}\nfetch: TSLA", "fetch: is to have entries, as A: B"),
        ("source: {table: t}\ntrain: {horizon: 0}", "train.horizon: "),
        ("source: {table: t}\ntrain: {folds: 3}", "train.folds: "),
        ("source: {table: t}\ntrain: {features: [rsi]}", "there is no feature 'rsi'"),
        ("source: {table: t}\ntrain: {features: []}", "name at least one of return_1, "),
        ("source: {table: t}\ntrain: {model: big}", "train.model: "),
        ("source: {table: t}\nfetch: {}", "fetch.contracts: is not there"),
        ("source: {table: t}\nfetch: {contracts: []}", "at least one, as [{symbol: TSLA}]"),
        ("source: {table: t}\nfetch: {contracts: [A]}", "fetch.contracts.0: is to have entries"),
        (
            "source: {table: t}\nfetch: {contracts: [{symbol: A, conid: 1}]}",
            "coins.yml: fetch.contracts.0.conid: is not known",
        ),
        (
            "source: {table: t}\nfetch: {contracts: [{symbol: A, currency: usd}]}",
            "coins.yml: fetch.contracts.0.currency: 'usd' is no currency; write it as USD",
        ),
        ("source: {table: t}\nfetch: {contracts: [{symbol: A}, {symbol: A}]}", "A is there twice"),
        (
            "source: {table: t}\n"
            "fetch: {contracts: [{symbol: A, con_id: 5}, {symbol: B, con_id: 5}]}",
            "two symbols have one con_id",
        ),
        ("source: {query: q}\nfetch: {contracts: [{symbol: A}]}", "it is read by a query"),
        (
            "source: {table: t}\nbar: 7 mins\nfetch: {contracts: [{symbol: A}]}",
            "fetch: IB has no such bars; it has 1 min, 2 mins,",
        ),
        (
            "source: {table: t}\nbar: 1 hour\n"
            "fetch: {what: ADJUSTED_LAST, contracts: [{symbol: A}]}",
            "IB gives no history of ADJUSTED_LAST within the day",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(text: str, said: str):
    with pytest.raises(DatasetError) as refused:
        parse_dataset("coins", text)
    assert str(refused.value).startswith("coins.yml")
    assert said in str(refused.value)


def test_all_faults_are_told_at_once():
    with pytest.raises(DatasetError) as refused:
        parse_dataset("coins", "source: {table: t, zone: X}\nbar: 2 days\npolicy: no\nsuit: s")
    assert len(refused.value.faults) == 4
    assert str(refused.value).startswith("coins.yml: 4 faults\n")


@pytest.mark.parametrize("name", ["Coins", "1coin", "a-b", "", "x" * 41])
def test_a_name_that_no_schema_could_have_is_refused(name: str):
    with pytest.raises(DatasetError, match="small letters"):
        parse_dataset(name, COINS)


def test_a_dataset_that_is_not_there_is_told_with_the_nearest(tmp_path: Path):
    (tmp_path / "coins.yml").write_text(COINS)
    with pytest.raises(DatasetError, match=r"there is no dataset 'coin'; did you mean 'coins'\?"):
        read_dataset("coin", tmp_path)


def test_what_it_names_and_is_not_there_is_told():
    coins = parse_dataset("coins", COINS.replace("XLON", "XLOM"))

    calendar, suite = dataset_faults(coins)
    assert calendar == "calendars.*.L: there is no exchange calendar 'XLOM'; did you mean 'XLON'?"
    assert suite.startswith("suite: there is no suite 'coins'")
    with pytest.raises(DatasetError, match="2 faults"):
        require_sound(coins)
    require_sound(read_dataset(DEFAULT))


@pytest.mark.parametrize(
    ("publish", "place"),
    [
        ("", ("coins", None, "coins.stock_data_enriched")),
        ("publish: crypto", ("crypto", None, "crypto.stock_data_enriched")),
        ("publish: crypto.bars", ("crypto", "bars", "crypto.bars")),
    ],
)
def test_what_is_published_has_a_place(publish: str, place: tuple[str, str | None, str]):
    found = parse_dataset("coins", f"source: {{table: t}}\n{publish}")
    assert (found.own_schema, found.view, found.published_table) == place
    default = read_dataset(DEFAULT)
    assert (default.own_schema, default.published_table) == (None, "stock_data_enriched")


def test_two_datasets_never_share_a_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("gx.project.DATASETS", tmp_path)
    for name in ("coins", "others"):
        place = "shared" if name == "coins" else "shared.bars"
        (tmp_path / f"{name}.yml").write_text(COINS + f"publish: {place}\nsuite: stock_data\n")
    (tmp_path / "broken.yml").write_text("nothing")

    found: Dataset = read_dataset("coins")
    assert list(dataset_faults(found)) == [
        "publish: the dataset others publishes into shared already"
    ]


DECLARED = """
source: {table: bars, carry: [vwap]}
splits: {column: split_ratio}
dividends: {schema: market, table: paid, symbol: ticker, amount: cash}
prices: raw
"""


def test_splits_and_dividends_are_a_column_or_a_table():
    found = parse_dataset("us", DECLARED)

    assert found.splits is not None
    assert found.dividends is not None
    assert found.carried == ("vwap", "split_ratio")
    assert found.declared_columns == {"split": "split_ratio"}
    assert found.dividends.columns == {"symbol": "ticker", "date": "date", "amount": "cash"}
    assert not found.is_adjusted
    assert parse_dataset("us", DECLARED.replace("raw", "adjusted")).is_adjusted
    assert parse_dataset("us", "source: {table: t}\nsplits: {table: s}").is_adjusted


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("splits: {}", "splits: name either a column of the bars, or a table, or a query"),
        ("splits: {table: a, column: b}", "name either a column of the bars"),
        ("splits: {table: a, query: b}", "name either a column of the bars"),
        ("splits: {query: a, schema: b}", "a schema goes with a table"),
        ("splits: {column: a, date: b, ratio: c}", "leave out date, ratio"),
        ("splits: {table: a, ratoi: b}", "splits.ratoi: is not known; did you mean 'ratio'?"),
        ("splits: {table: a, amount: b}", "splits.amount: is not known"),
        ("splits: corporate_actions", "splits: is to have entries, as A: B"),
        ("splits: {column: volume}", "volume is a column of the gate's own: rename it in a query"),
        ("splits: {column: a}\nprices: split", "prices: Input should be 'adjusted' or 'raw'"),
        ("splits: {column: a}\nbar: 5 mins", "splits are compared with daily bars alone"),
        ("prices: raw", "name where these are declared, as splits: {column: split_ratio}"),
        ("dividends: {column: a}", "name where these are declared"),
    ],
)
def test_what_declares_nothing_is_refused(text: str, said: str):
    with pytest.raises(DatasetError, match=re.escape(said)):
        parse_dataset("us", f"source: {{table: t}}\n{text}")
