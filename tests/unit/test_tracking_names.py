"""Names, limits and messages of tracking, without MLflow."""

import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracking import RunRecord, TrackingStore, metric_name
from tracking.names import MAX_DESCRIPTION, cut, cut_markdown

LEGAL = re.compile(r"[A-Za-z0-9_\-. /]+")


def read_back(name: str) -> str:
    return re.sub(r"_x([0-9A-F]*)_", lambda found: chr(int(found[1], 16)) if found[1] else "", name)


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        ("AAPL", "AAPL"),
        ("BRK.B", "BRK.B"),
        ("BTC/USD", "BTC/USD"),
        ("^GSPC", "_x5E_GSPC"),
        ("EURUSD=X", "EURUSD_x3D_X"),
        ("..", "_x2E__x2E_"),
        ("/ES", "_x_/ES"),
        ("_x5E_GSPC", "_x5F_x5E_GSPC"),
    ],
)
def test_metric_names_are_legal_and_stable(symbol: str, expected: str) -> None:
    assert metric_name(symbol) == expected


@given(st.text(alphabet=st.sampled_from("A^_x5E/.\u00e9 "), max_size=25))
def test_metric_names_are_legal_and_can_be_read_back(name: str) -> None:
    legal = metric_name(name)
    assert LEGAL.fullmatch(legal)
    assert read_back(legal) == name
    assert not {"", ".", ".."} & set(legal.split("/"))


def test_long_metric_names_stay_different() -> None:
    one, other = metric_name("a" * 300), metric_name("a" * 299 + "b")
    assert len(one) == len(other) == 250
    assert one != other


def test_a_long_value_is_cut_with_a_mark_and_a_short_one_is_kept() -> None:
    assert cut("x" * 50, 50) == "x" * 50
    shortened = cut("x" * 51, 50)
    assert len(shortened) == 50
    assert shortened.endswith(" [cut: 51 characters]")


def test_text_that_a_database_refuses_is_made_storable() -> None:
    assert cut("a\0b\ud800", 50) == "a\N{REPLACEMENT CHARACTER}b?"


def test_a_long_description_is_cut_at_a_line_with_a_note() -> None:
    description = cut_markdown("| a row of a table |\n" * 1000)
    assert len(description) <= MAX_DESCRIPTION
    table, _, note = description.partition("\n\n")
    assert set(table.split("\n")) == {"| a row of a table |"}
    assert note.startswith("*Cut: 21,000 characters.")


@pytest.mark.parametrize("key", ["", "it's", "two\nlines"])
def test_a_run_key_that_cannot_be_searched_for_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="run_key"):
        RunRecord(
            run_key=key,
            name="n",
            status="FINISHED",
            params={},
            metrics={},
            tags={},
            description="",
            start_time_ms=0,
            end_time_ms=0,
            source_name="s",
            user="u",
        )


@pytest.mark.parametrize(
    "uri",
    [
        "http://ann:s%40cret@mlflow:5000",
        "postgresql+psycopg2://ann:s%40cret@db/mlflow",
        "postgresql://ann:s%40cret@/mlflow?host=/tmp/x",
    ],
)
def test_a_store_never_shows_its_password(uri: str) -> None:
    store = TrackingStore(uri, "bars")
    for shown in (repr(store), store.label, store.redact(f"tried {uri} with s@cret")):
        assert "cret" not in shown


def test_importing_the_package_does_not_import_mlflow() -> None:
    code = "import sys, tracking; sys.exit('mlflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
