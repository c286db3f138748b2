"""A dataset's published bars as an asset of Airflow, for what waits for them."""

from typing import Any

from airflow.sdk import Asset, get_current_context

from dags.run.context import Run
from dags.staging.records import Extracted, Published, Validated

# An event is a row of Airflow's database, and a line of its UI.
_NAMED = 500
# Under this name a fetch announces the asset of whichever dataset it was of.
FETCHED = "fetched_bars"


def fetched_asset(name: str) -> Asset:
    """The asset of a dataset's bars as they are fetched, which are not judged yet."""
    return Asset(name=f"{name}_fetched", group="market-data")


def asset_of(name: str) -> Asset:
    """The asset of a dataset's published bars: `Asset("stock_data_published")`."""
    return Asset(name=f"{name}_published", group="market-data")


def announce(run: Run) -> None:
    """Let the event that the task's success makes say what was published."""
    events = get_current_context()["outlet_events"]
    events[asset_of(run.dataset.name)].extra = publication(run)


def publication(run: Run) -> dict[str, Any]:
    """What was published: run, verdict, symbols (500 at most), dates, digest of the extract."""
    staging = run.staging
    extracted, judged = staging.found(Extracted), staging.found(Validated)
    symbols = sorted(set(extracted.rows_by_symbol).difference(judged.held))
    return {
        "run_id": run.identity.run_id,
        "verdict": "quarantined" if judged.held else "passed",
        "rows": staging.found(Published).rows,
        "symbols": symbols[:_NAMED],
        "symbol_count": len(symbols),
        "held": list(judged.held[:_NAMED]),
        "first_date": extracted.first_date,
        "last_date": extracted.last_date,
        "table": run.dataset.published_table,
        "suite": run.suite,
        "digest": extracted.digest,
    }
