"""Which datasets a suite judges, and who may therefore change it."""

from collections.abc import Sequence

from gx.web.guard import Forbidden, User
from gx.web.sources import ListedDataset, Sources


def datasets_of(sources: Sources, suite: str) -> list[ListedDataset]:
    """The datasets that a suite judges, the default first."""
    return [one for one in sources.datasets() if one.suite == suite]


def used_by(sources: Sources, suite: str) -> list[str]:
    """The datasets that a suite judges, or may judge: those whose files cannot be read, too."""
    unread = " (its file cannot be read, and may name this suite)"
    return [
        one.name if one.known else f"{one.name}{unread}"
        for one in sources.datasets()
        if not one.gone and (one.suite == suite or one.known is None)
    ]


def readable(user: User, datasets: Sequence[ListedDataset]) -> list[ListedDataset]:
    """Those that a user may see, and whose files say how to read them."""
    return [one for one in datasets if one.known and user.may_read(one.dag_id)]


def tryable(user: User, sources: Sources, suite: str) -> list[ListedDataset]:
    """The datasets whose bars a draft of the suite is tried on: its own, or else any."""
    own = readable(user, datasets_of(sources, suite))
    return own or readable(user, sources.datasets())


def may_save(user: User, sources: Sources, suite: str) -> bool:
    """May a user change this suite? It decides for every dataset that it judges."""
    return user.may_write and all(
        user.may_change(one.dag_id) for one in datasets_of(sources, suite)
    )


def require_may_save(user: User, sources: Sources, suite: str) -> None:
    """Raise Forbidden for who may not change this suite."""
    if not may_save(user, sources, suite):
        raise Forbidden(
            f"{user.name} may not change the suite {suite}: it judges datasets whose workflow "
            f"{user.name} may not edit"
        )
