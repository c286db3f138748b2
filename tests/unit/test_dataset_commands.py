"""What is typed of a dataset, and where a file may be loaded."""

from pathlib import Path

import pytest

from dags.local.datasets import asked_of
from dags.local.errors import LocalError
from dags.local.load import loaded_into
from gx import project
from gx.errors import DatasetError


@pytest.mark.parametrize(
    ("table", "place"),
    [
        ("bars", (None, "bars")),
        ("feed.Candles", ("feed", "Candles")),
        ('feed."a.b"', ("feed", "a.b")),
        ('"x""y".t', ('x"y', "t")),
    ],
)
def test_a_table_is_named_with_or_without_its_schema(table: str, place: tuple[str | None, str]):
    asked = asked_of(table=table, query=None, columns=None)
    assert (asked.schema, asked.table) == place


@pytest.mark.parametrize("table", ["", ".", "a.", "a.b.c", '"a', 'a"b'])
def test_what_is_no_table_is_refused(table: str):
    with pytest.raises(DatasetError, match="is no table; write TABLE or SCHEMA"):
        asked_of(table=table, query=None, columns=None)


def test_columns_are_given_by_their_meaning():
    asked = asked_of(table="t", query=None, columns='close=Last, date=Ts,"volume=a,b",low=x=y')
    assert asked.columns == {"close": "Last", "date": "Ts", "volume": "a,b", "low": "x=y"}


@pytest.mark.parametrize("columns", ["close", "close=", "close=a,close=b"])
def test_columns_that_cannot_be_meant_are_refused(columns: str):
    with pytest.raises(DatasetError, match="--columns: "):
        asked_of(table="t", query=None, columns=columns)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{connection: elsewhere, table: stock_data}", "Airflow connection 'elsewhere'"),
        ("{table: candles}", "its table is candles"),
        ('{query: "select 1"}', "read by a query"),
        ("{table: stock_data, columns: {close: last}}", "other names"),
        ("{table: stock_data, symbol: SPX}", "all of SPX"),
    ],
)
def test_nothing_is_loaded_into_a_table_that_is_not_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, said: str
):
    monkeypatch.setattr(project, "DATASETS", tmp_path)
    (tmp_path / "mine.yml").write_text(f"source: {source}\n")
    with pytest.raises(LocalError) as refused:
        loaded_into("mine")
    assert said in str(refused.value)
    (tmp_path / "ours.yml").write_text("source: {schema: desk, table: stock_data}\n")
    assert loaded_into("ours") == "desk"
