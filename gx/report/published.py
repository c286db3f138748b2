"""What a report says of bars that earlier runs published: doubtful now, or gone from the source."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self


@dataclass(frozen=True)
class Doubt:
    """A published bar that fails now, and did not when it was published.

    ``date`` and ``published_at`` are ISO 8601; ``published_by`` is a run's id; ``severity`` the
    worst of what it fails, ``expectations`` their names and ``reasons`` their descriptions;
    ``bar`` has open, high, low, close and volume as they are in the source now.
    """

    symbol: str
    date: str
    published_by: str
    published_at: str
    severity: str
    expectations: tuple[str, ...]
    reasons: tuple[str, ...]
    bar: Mapping[str, float | None]

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """A doubt from its JSON form."""
        return cls(**_values(cls, document))


@dataclass(frozen=True)
class Removal:
    """Published bars of a symbol that the source does not have any more.

    ``bars`` are gone of ``published`` in the range, from ``first_date`` to ``last_date``; ``dates``
    names some of them (all ISO 8601). ``accepted`` by a person; ``held``: too many to go without.
    """

    symbol: str
    bars: int
    published: int
    first_date: str
    last_date: str
    dates: tuple[str, ...] = ()
    accepted: bool = False
    held: bool = False

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """A removal from its JSON form."""
        return cls(**_values(cls, document))


def documents(found: Iterable[Doubt | Removal]) -> list[dict[str, Any]]:
    """Their JSON form."""
    return [
        {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(one).items()} for one in found
    ]


def _values(kind: type[Doubt | Removal], document: Mapping[str, Any]) -> dict[str, Any]:
    given = {field.name: document[field.name] for field in fields(kind)}
    return {k: tuple(v) if isinstance(v, list) else v for k, v in given.items()}
