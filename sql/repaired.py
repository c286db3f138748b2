"""Reading bars as somebody has accepted them to be, while they stream past."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sql.repairs import Numbers, Repair
from sql.terms import NUMBERS


@dataclass(frozen=True)
class Applied:
    """A repair that was applied to the bar at `row` of what was read, None for a copy left out."""

    repair: Repair
    row: int | None


@dataclass
class Repairs:
    """Puts accepted bars in place of those that the source still has exactly as they were.

    NULL and NaN are such values too. Of copies as many go as repairs say so, the first stays.
    """

    accepted: Sequence[Repair] = ()
    applied: list[Applied] = field(default_factory=list)
    _rows: int = 0

    def __post_init__(self) -> None:
        self._of_bar: dict[tuple[str, date], list[Repair]] = {}
        for one in self.accepted:
            if one.is_open:
                self._of_bar.setdefault((one.symbol, one.date), []).append(one)
        self._seen: Counter[tuple[str, date]] = Counter()
        self._used: set[int] = set()

    @property
    def void(self) -> list[Repair]:
        """Those of which nothing that was read is the old bar."""
        return [one for one in self.accepted if one.id not in self._used]

    @property
    def dropped(self) -> int:
        """How many copies were left out."""
        return sum(one.row is None for one in self.applied)

    def read(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The next bars with repairs applied."""
        found = self._found(batch) if self._of_bar else {}
        stays = np.ones(batch.num_rows, dtype=bool)
        stays[[at for at, one in found.items() if one.new is None]] = False
        rows = self._rows + np.cumsum(stays) - 1
        self._rows += int(stays.sum())
        for at, one in found.items():
            self.applied.append(Applied(one, int(rows[at]) if stays[at] else None))
        changed = {at: one.new for at, one in found.items() if one.new is not None}
        batch = _with_numbers(batch, changed) if changed else batch
        return batch if stays.all() else batch.filter(pa.array(stays))

    def digest(self, of_source: str) -> str:
        """The digest of what was read, from that of what the source has."""
        if not self.applied:
            return of_source
        said = [[one.repair.symbol, str(one.repair.date), one.repair.new] for one in self.applied]
        return hashlib.sha256((of_source + json.dumps(said)).encode()).hexdigest()

    def _found(self, batch: pa.RecordBatch) -> dict[int, Repair]:
        """The repair to apply to each place of the batch."""
        symbols = pa.array({symbol for symbol, _ in self._of_bar}, pa.string())
        days = pa.array({day for _, day in self._of_bar}, batch["date"].type)
        mask = pc.and_(pc.is_in(batch["symbol"], symbols), pc.is_in(batch["date"], days))
        found = {}
        for at in np.flatnonzero(mask).tolist():
            key = (batch["symbol"][at].as_py(), batch["date"][at].as_py())
            bar = tuple(batch[name][at].as_py() for name in NUMBERS)
            one = self._of(key, bar)
            if one is not None:
                found[at] = one
                self._used.add(one.id)
        return found

    def _of(self, key: tuple[str, date], bar: Numbers) -> Repair | None:
        """The repair of a bar; of copies each goes by one of its own, and the first by none."""
        mine = [one for one in self._of_bar.get(key, ()) if _same(one.old, bar)]
        better = [one for one in mine if one.new is not None]
        if better or not mine:
            return better[0] if better else None
        self._seen[key] += 1
        left = [one for one in mine if one.id not in self._used]
        return left[0] if left and self._seen[key] > 1 else None


def _same(old: Numbers, bar: Numbers) -> bool:
    def equal(one: float | None, other: float | None) -> bool:
        if one is None or other is None:
            return one is other
        return one == other or (one != one and other != other)

    return all(equal(*pair) for pair in zip(old, bar, strict=True))


def _with_numbers(batch: pa.RecordBatch, changed: dict[int, Numbers]) -> pa.RecordBatch:
    places = sorted(changed)
    flags = np.zeros(batch.num_rows, dtype=bool)
    flags[places] = True
    columns = dict(zip(batch.schema.names, batch.columns, strict=True))
    for number, name in enumerate(NUMBERS):
        values = pa.array([changed[at][number] for at in places], pa.float64())
        columns[name] = pc.replace_with_mask(columns[name], pa.array(flags), values)
    return pa.record_batch(list(columns.values()), schema=batch.schema)
