"""A run in short: what lists of runs, alerts and whoever looks for an earlier run read of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

State = Literal["open", "closed", "waits", "no_verdict"]


@dataclass(frozen=True)
class Comment:
    """What somebody wrote about a run; ``at`` is ISO 8601 in UTC, ``text`` is plain."""

    at: str
    author: str
    text: str


@dataclass(frozen=True)
class RunSummary:
    """What a run came to, small enough to hold a thousand of.

    ``started`` is ISO 8601 in UTC. ``verdict`` is the sentence. ``trigger`` is what began the run
    (``manual``, ``scheduled``, ``backfill``, …), the two dates (ISO 8601) are those of its data, or
    of what was asked for when no bar was read. ``failures`` counts expectations
    not met by severity; ``expectations`` are their names. ``symbols`` are those at fault (50 at
    most), ``held`` those held back, ``missing`` those asked for without a bar. ``as_of`` is the day
    freshness was judged at, None for the moment of the run. Of bars that were published before,
    ``doubtful`` fail now, and ``removed`` are gone from the source. ``no_longer_critical`` counts
    the critical expectations of the run before that the suite has lost. ``suite`` judged
    ``instead_of`` the dataset's own, where that is named. ``made_up``: no price of its bars was
    ever paid. ``unpublished``: the gate let bars through, and publishing them failed or was never
    reached. ``mlflow_page`` is relative to MLflow's address. The two addresses, the ``dataset``,
    and the ``path`` of the report below the pages' own address are for whoever shows the run to
    complete.
    """

    run_id: str
    dag_id: str
    started: str
    verdict: str
    state: State
    trigger: str = ""
    first_date: str | None = None
    last_date: str | None = None
    rows: int = 0
    failing_rows: int = 0
    failures: Mapping[str, int] = field(default_factory=dict)
    held: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    suite: str = ""
    suite_sha256: str = ""
    expectations: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    as_of: str | None = None
    doubtful: int = 0
    removed: int = 0
    no_longer_critical: int = 0
    instead_of: str = ""
    made_up: bool = False
    unpublished: bool = False
    mlflow_page: str | None = None
    mlflow_url: str | None = None
    airflow_url: str | None = None
    dataset: str = ""
    path: str = ""

    @property
    def span(self) -> str:
        """The data's range, as lists show it; empty when nobody knows it."""
        first, last = (self.first_date or "")[:10], (self.last_date or "")[:10]
        return first if first == last else f"{first or '…'} to {last or 'now'}"
