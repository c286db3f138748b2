"""Accepted repairs for the pages: read from, and kept in, each dataset's own table."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from dags.pages.refusals import refusals_as
from dags.run.datasets import published_at
from dags.run.settings import Settings
from dags.run.to_run import days_to_run
from dags.staging.files import Folder
from dags.staging.layout import safe_name
from dags.staging.proposals import sealed_proposals
from dags.staging.store import place_at
from dags.work.acceptance import accept_proposals, standing
from gx.dataset.read import read_dataset
from gx.web.report.accepted import Accepted, Done, RepairsConflictError, RepairsError, Standing
from gx.web.summary import RunSummary
from sql import repairs
from sql.connection import connected
from sql.errors import RepairTakenError

if TYPE_CHECKING:
    from gx.repair.proposal import Proposal


class Repairs:
    """The accepted repairs of every dataset (see gx.web.report.accepted.AcceptedRepairs)."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def of(self, dataset: str, symbols: Collection[str]) -> list[Accepted]:
        """Those of symbols, in order of symbol and date; those that have ended as well."""
        with (
            _told(),
            connected(published_at(read_dataset(dataset), self._settings)) as engine,
        ):
            found = repairs.all_repairs(engine, sorted(symbols))
        return [Accepted(**vars(one)) for one in found]

    def standing(self, run: RunSummary, proposals: "Sequence[Proposal]") -> Standing:
        """What has become of the bars that the run proposed to repair."""
        with _told():
            found = standing(read_dataset(run.dataset), self._settings, proposals, run.run_id)
        return Standing(**vars(found))

    def accept(self, run: RunSummary, blocks: Collection[int], *, by: str, reason: str) -> Done:
        """Accept blocks of what the run proposed, all or none, with the audit's entries."""
        given = {"run_id": run.run_id, "by": by, "reason": reason}
        with _told():
            chosen = self._chosen(run, blocks)
            wanted = accept_proposals(read_dataset(run.dataset), self._settings, chosen, **given)
        return Done(len(wanted), days_to_run(wanted))

    def revoke(self, dataset: str, ids: Sequence[int], *, by: str, reason: str) -> Done:
        """Take open ones back with all of their blocks, with the audit's entries."""
        with self._acting(dataset) as connection:
            revoked = repairs.revoke(connection, ids, by=by, reason=reason)
        return Done(len(revoked), days_to_run(revoked))

    def _chosen(self, run: RunSummary, blocks: Collection[int]) -> "list[Proposal]":
        place = place_at(self._settings.staging_url) / run.dag_id / safe_name(run.run_id)
        proposed = sealed_proposals(Folder(place)) or []
        if set(blocks) - {one.block for one in proposed}:
            raise RepairsError(f"{run.run_id} proposed nothing of the kind: load the page again")
        return [one for one in proposed if one.block in set(blocks)]

    @contextmanager
    def _acting(self, dataset: str) -> Iterator[Connection]:
        with (
            _told(),
            connected(published_at(read_dataset(dataset), self._settings)) as engine,
            engine.begin() as connection,
        ):
            yield connection


def _told() -> AbstractContextManager[None]:
    return refusals_as(RepairsError, first=RepairTakenError, conflict=RepairsConflictError)
