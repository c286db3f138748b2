"""What the audit's list of a dataset tells, for pages and commands."""

from dataclasses import asdict
from datetime import datetime

from dags.run.datasets import published_at
from dags.run.settings import Settings
from gx.dataset.model import Dataset
from gx.editing.deeds import Deed
from sql.audit import audit_entries, is_audited
from sql.connection import connected


def audited_deeds(
    dataset: Dataset, settings: Settings, *, since: datetime | None, limit: int
) -> list[Deed]:
    """The newest first; none where the dataset's tables have no such list yet."""
    with connected(published_at(dataset, settings)) as engine:
        if not is_audited(engine):
            return []
        found = audit_entries(engine, since=since, limit=limit)
    return [
        Deed(**{**asdict(one), "run_id": one.run_id or ""}, dataset=dataset.name) for one in found
    ]
