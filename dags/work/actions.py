"""Staging what a dataset declares of its symbols, splits and dividends, beside the bars."""

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import Engine

from dags.run.context import Run
from dags.run.datasets import action_tables
from dags.staging.layout import ACTIONS, BARS, CONTEXT
from dags.staging.run_folder import Staging

if TYPE_CHECKING:
    from gx.plugins.expectations.kernels.declared import Declared


def stage_declared(run: Run, engine: Engine, *, has_context: bool) -> None:
    """Stage what is declared of the run's symbols, by tables in the source's database or its bars.

    Of a dataset that declares nothing there is no file.
    """
    dataset = run.dataset
    if dataset.splits is None:
        return
    from sql.actions import read_actions

    found = [read_actions(engine, action_tables(dataset), run.request.symbols)]
    files = (BARS, CONTEXT) if has_context else (BARS,)
    for kind, column in dataset.declared_columns.items():
        found += [_of_bars(run.staging, file, kind, column) for file in files]
    table = pa.concat_tables(found)
    adjusted = pa.array([dataset.is_adjusted] * table.num_rows, pa.bool_())
    with run.staging.sealing(ACTIONS) as sink:
        pq.write_table(table.append_column("adjusted", adjusted), sink)


def staged_declared(staging: Staging) -> "Declared | None":
    """What was declared when the bars were extracted; None of a dataset that declares nothing."""
    seal = staging.finished("extract").seals.get(ACTIONS)
    if seal is None:
        return None
    from gx.plugins.expectations.declared import declared_in

    return declared_in(staging.read_table(ACTIONS, seal).to_pandas())


def _of_bars(staging: Staging, file: str, kind: str, column: str) -> pa.Table:
    """The bars of a staged file whose column declares something."""
    table = staging.read_table(file, columns=["symbol", "date", column])
    value = table[column].cast(pa.string())
    there = pc.and_(
        pc.and_(pc.is_valid(value), pc.is_valid(table["symbol"])), pc.not_equal(value, "0")
    )
    columns = {
        "symbol": table["symbol"],
        "date": table["date"].cast(pa.string()),
        "kind": pa.array([kind] * len(table), pa.string()),
        "value": value,
    }
    return pa.table(columns).filter(there)
