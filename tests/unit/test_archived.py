"""The pure parts of the archive: files' rows and digests, their names, and what goes into which."""

import io
import itertools
import random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dags.archive.files import file_name, url_of
from dags.archive.work import Part, parts
from dags.errors import RequestError
from sql.archived.move import Old
from sql.archived.rows import digest_of, from_copy, of_symbols, packed, unpacked
from sql.copy_stream import HashingReader
from sql.errors import ArchiveError

ROWS = pa.table({"symbol": ["A", "B", None], "close": ["1.10", "", None]})


def copied(text: str) -> pa.Table:
    return from_copy(HashingReader(io.BytesIO(text.encode())), ("symbol", "close"))


def test_nothing_and_an_empty_text_are_two_things():
    rows = copied('A,1.10\nB,""\n,\n"two\nlines, ""quoted""",NA\n')
    assert rows["symbol"].to_pylist() == ["A", "B", None, 'two\nlines, "quoted"']
    assert rows["close"].to_pylist() == ["1.10", "", None, "NA"]


def test_no_rows_are_a_file_too():
    rows = ROWS.slice(0, 0)
    assert unpacked(packed(rows, {}), digest_of(rows), "x").num_rows == 0


def test_a_file_tells_what_it_is_and_comes_back_as_it_was():
    raw = packed(ROWS, {"dataset": "coins"})
    assert pq.read_schema(io.BytesIO(raw)).metadata[b"dataset"] == b"coins"
    assert unpacked(raw, digest_of(ROWS), "x").equals(ROWS)


@pytest.mark.parametrize(
    "other",
    [
        ROWS.slice(1),
        ROWS.take([1, 0, 2]),
        ROWS.rename_columns(["symbol", "open"]),
        ROWS.select(["close", "symbol"]),
        ROWS.set_column(1, "close", [["1.1", "", None]]),
        ROWS.set_column(1, "close", [["1.10", None, None]]),
        ROWS.set_column(1, "close", [["1.1", "0", None]]),
        pa.concat_tables([ROWS, ROWS.slice(0, 1)]),
    ],
)
def test_any_other_rows_have_another_digest_and_are_refused(other: pa.Table):
    assert digest_of(other) != digest_of(ROWS)
    with pytest.raises(ArchiveError, match="x does not hold the bars that were archived"):
        unpacked(packed(other, {}), digest_of(ROWS), "x")


def test_the_digest_does_not_depend_on_how_rows_are_cut():
    chunks = pa.concat_tables([ROWS.slice(0, 1), ROWS.slice(1, 1), ROWS.slice(2)])
    assert digest_of(chunks) == digest_of(ROWS)
    # Files of years ago have to be known again: this is what it has always been.
    assert digest_of(ROWS) == "d1448c5871851ee8b8d49c053dd9ce65d6f794ad8be04f69d6cc40029cb2cbe9"


def test_symbols_are_chosen_as_they_are_and_with_blanks_behind_them():
    rows = pa.table({"symbol": ["A", "A  ", "AB", None]})
    assert of_symbols(rows, "symbol", ["A"])["symbol"].to_pylist() == ["A", "A  "]


@pytest.mark.parametrize("seed", range(20))
def test_files_hold_every_bar_once_in_order_and_not_too_many(seed: int):
    dice = random.Random(seed)
    old = [
        Old(f"S{number:02}", year, dice.randint(1, 120), 0)
        for year in range(2010, 2014)
        for number in range(dice.randint(0, 12))
    ]
    found = list(parts(old, 100))
    assert [(p.year, s) for p in found for s in p.symbols] == [(o.year, o.symbol) for o in old]
    assert sum(one.rows for one in found) == sum(one.rows for one in old)
    assert all(one.rows <= 100 or len(one.symbols) == 1 for one in found)
    pairs = itertools.pairwise(found)
    first: dict[Any, int] = {(one.year, one.symbol): one.rows for one in old}
    # No two that follow each other would have gone into one.
    assert all(
        one.year != two.year or one.rows + first[two.year, two.symbols[0]] > 100
        for one, two in pairs
    )


def test_a_single_symbol_of_many_bars_is_a_file():
    assert list(parts([Old("A", 2014, 500, 0)], 100)) == [Part(2014, ("A",), 500)]


def test_names_are_for_people_and_for_any_store():
    name = file_name("feed", 2014, ["../../etc", "x/y é%"], "ab" * 32)
    assert name == "feed/year=2014/.._.._etc..x_y___-abababababababab.parquet"
    assert file_name("feed", 987, ["A"], "ab" * 32).startswith("feed/year=0987/A-ab")
    assert url_of("/srv/old bars/") == "file:///srv/old bars"
    assert url_of("s3://bucket/old/") == "s3://bucket/old"
    assert url_of("./s3:old").endswith("/s3:old")


@pytest.mark.parametrize(
    "place", ["s3:/bucket/old", "s3:bucket", "gs:/x", "file:/srv/old", "s3://", "s3:///"]
)
def test_a_place_in_a_store_that_lacks_a_slash_is_no_folder(place: str):
    with pytest.raises(
        RequestError, match=r"neither a folder nor a place in a store: write \w+://"
    ):
        url_of(place)
