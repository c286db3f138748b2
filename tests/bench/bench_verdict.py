"""`gate verdict`'s answer from PostgreSQL, of many symbols and years, against a bare question."""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from dags.reporting.standings import dataset_verdict
from dags.run.settings import Settings
from gx.dataset.read import read_dataset
from sql import embedded
from sql.connection import connected
from sql.schema import create_schema

SYMBOLS, LIMIT_MS, TIMES = 500, 100, 20
LAST = date(2025, 11, 4)
FILLED = """
insert into stock_data_enriched (symbol, date, open, high, low, close, volume, run_id)
select 'S' || to_char(one, 'FM0000'), date '2025-11-04' - day, 1, 1, 1, 1, 1, 'bench'
from generate_series(1, {symbols}) as one, generate_series(0, {days}) as day
"""
REFUSED = """
insert into stock_data_refusals
    (run_id, symbol, first_date, last_date, reasons, extracted_at, refused_at)
select
    'old', 'S' || to_char(one, 'FM0000'), '2025-01-02', '2025-01-02', '{{"bad"}}',
    '2025-01-03', '2025-01-03'
from generate_series(1, {symbols}) as one
"""
ANSWERED = """
insert into stock_data_publications (run_id, symbols, extracted_at, rows)
select 'bench', array_agg('S' || to_char(one, 'FM0000')), now(), 0
from generate_series(1, {symbols}) as one, generate_series(1, 250) as run
group by run
"""


def main(options: Sequence[str] = ()) -> int:
    """Print both; 1 when an answer took too long."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench verdict", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="published bars")
    rows = parser.parse_known_args(list(options))[0].rows
    days = max(1, rows // SYMBOLS)
    with tempfile.TemporaryDirectory() as folder, embedded.start(Path(folder)) as server:
        server.ensure_database("bars")
        found = server.settings("bars")
        with connected(found) as engine:
            create_schema(engine)
            with engine.begin() as connection:
                for text in (FILLED, REFUSED, ANSWERED):
                    connection.exec_driver_sql(text.format(symbols=SYMBOLS, days=days - 1))
            with engine.connect() as connection:
                connection.exec_driver_sql("analyze")
        settings = Settings(
            postgres_host=found.host, postgres_db=found.database, postgres_user=found.user
        )
        dataset = read_dataset("stock_data")

        def answer() -> None:
            assert dataset_verdict(dataset, settings, as_of=LAST).good

        def nothing() -> None:
            with connected(found) as engine, engine.connect() as connection:
                connection.exec_driver_sql("select 1")

        ours, floor = median_ms(answer), median_ms(nothing)
    missed = ours > LIMIT_MS
    print(f"The verdict on {SYMBOLS} symbols, {SYMBOLS * days:,} published bars, 250 publications")
    print(
        f"  {ours:.1f} ms, against {floor:.1f} ms for a connection and select 1: "
        f"{'FAIL' if missed else 'PASS'} (≤ {LIMIT_MS} ms)"
    )
    return int(missed)


def median_ms(act: Callable[[], None]) -> float:
    """The median of some times, in milliseconds."""
    act()
    found = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        act()
        found.append(1_000 * (time.perf_counter() - begun))
    return statistics.median(found)
