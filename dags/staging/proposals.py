"""What a run proposed to repair, read from its folder, and as what somebody may accept."""

from collections.abc import Mapping
from datetime import UTC

from dags.staging.files import Folder
from dags.staging.layout import PROPOSED
from gx.repair.proposal import Proposal
from sql.repairs import NewRepair


def sealed_proposals(folder: Folder) -> list[Proposal] | None:
    """What the run proposed, as it was sealed; None of a run that has judged no bars.

    Raises StagingError for a file that is not what the run wrote.
    """
    judged = folder.unverified_record("validate")
    if judged is None:
        return None
    return read_proposals(folder, judged.seals)


def read_proposals(folder: Folder, seals: Mapping[str, str]) -> list[Proposal]:
    """What judging proposed that wrote files of these seals."""
    seal = seals.get(PROPOSED)
    return [] if seal is None else [Proposal.from_json(o) for o in folder.read_json(PROPOSED, seal)]


def new_repair(one: Proposal, *, daily: bool) -> NewRepair:
    """A proposal as it is accepted: of a daily bar its day is known, else its moment."""
    moment = one.date if one.date.tzinfo else one.date.replace(tzinfo=UTC)
    day = one.date.date() if daily else moment
    return NewRepair(one.symbol, day, one.rule, one.evidence, one.old, one.new)
