"""Reading bars as somebody has accepted them to be, while they stream past."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from math import isfinite
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sql.repairs import Numbers, Repair
from sql.terms import NUMBERS

Block = tuple[object, ...]
ROUNDING = 1e-9  # of a price: what a proposal takes for a bar that agrees with itself


@dataclass(frozen=True)
class Applied:
    """A repair that was applied to the bar at `row` of what was read, None for a copy left out."""

    repair: Repair
    row: int | None


@dataclass(frozen=True)
class Change:
    """The first bar of a block by which the source is another one than it was accepted for."""

    date: date
    what: Literal["changed", "gone", "new", ""]

    def __str__(self) -> str:
        """What happened to which bar."""
        day = str(self.date).removesuffix("+00:00")
        said = {"changed": f"the bar of {day} changed", "gone": f"the bar of {day} is gone"}
        return said.get(self.what, f"there is a new bar of {day}" if self.what else "")


@dataclass
class Repairs:
    """Puts accepted bars in place of those that the source still has exactly as they were.

    NULL and NaN are such values too. Of copies as many go as repairs say so, the first stays.
    Bars that were accepted as one block are right or wrong together: what `changes` says of a
    block is known after the last of its bars was read. If some of its bars were `applied` by then,
    bars must be read again by `without`, which applies nothing of the block.
    """

    accepted: Sequence[Repair] = ()
    set_aside: Mapping[Block, Change] = field(default_factory=dict)
    applied: list[Applied] = field(default_factory=list)
    _rows: int = 0

    def __post_init__(self) -> None:
        self._of_bar: dict[tuple[str, date], list[Repair]] = {}
        self._blocks: dict[Block, list[Repair]] = {}
        for one in self.accepted:
            self._blocks.setdefault(one.block, []).append(one)
            self._of_bar.setdefault((one.symbol, one.date), []).append(one)
        self._seen: Counter[tuple[str, date]] = Counter()  # bars of days that have a repair
        self._copies: Counter[tuple[str, date]] = Counter()
        self._same: set[int] = set()  # whose bar the source has as it was
        self._used: set[int] = set()
        self._between: dict[Block, Counter[date]] = {}  # sound bars of days that have none

    @property
    def void(self) -> list[Repair]:
        """Those that were applied to nothing that was read."""
        return [one for one in self.accepted if one.id not in self._used]

    @property
    def dropped(self) -> int:
        """How many copies were left out."""
        return sum(one.row is None for one in self.applied)

    def changes(self, since: date | None = None) -> dict[Block, Change]:
        """The blocks that do not hold any more; bars before `since` need not have been read."""
        found = dict(self.set_aside)
        for block, members in self._blocks.items():
            change = None if block in found else self._change(block, members, since)
            if change is not None:
                found[block] = change
        return found

    def without(self, blocks: Mapping[Block, Change]) -> "Repairs":
        """The same for reading anew, with nothing of these blocks applied."""
        return Repairs(self.accepted, {**self.set_aside, **blocks})

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

    def _change(self, block: Block, members: list[Repair], since: date | None) -> Change | None:
        asked = [one for one in members if since is None or one.date >= since]
        for one in asked:
            if one.new is not None and one.id not in self._same:
                seen = (one.symbol, one.date) in self._seen
                return Change(one.date, "changed" if seen else "gone")
        for day, times in self._between.get(block, {}).items():
            if times == 1:  # of bars that are there twice nothing was known before either
                return Change(day, "new")
        if any(one.id not in self._used for one in asked):
            return Change(asked[0].date, "changed" if asked[0].is_open else "")
        return None

    def _found(self, batch: pa.RecordBatch) -> dict[int, Repair]:
        """The repair to apply to each place of the batch."""
        symbols = pa.array({symbol for symbol, _ in self._of_bar}, pa.string())
        days = pa.array({day for _, day in self._of_bar}, batch["date"].type)
        mask = pc.and_(pc.is_in(batch["symbol"], symbols), pc.is_in(batch["date"], days))
        found = {}
        for at in np.flatnonzero(mask).tolist():
            key = (batch["symbol"][at].as_py(), batch["date"][at].as_py())
            one = self._of(key, _bar(batch, at))
            if one is not None:
                found[at] = one
                self._used.add(one.id)
        self._look_between(batch)
        return found

    def _of(self, key: tuple[str, date], bar: Numbers) -> Repair | None:
        """The repair of a bar; of copies each goes by one of its own, and the first by none."""
        if key not in self._of_bar:
            return None
        self._seen[key] += 1
        mine = [one for one in self._of_bar[key] if _same(one.old, bar)]
        self._same.update(one.id for one in mine)
        open_ones = [one for one in mine if one.is_open and one.block not in self.set_aside]
        better = [one for one in open_ones if one.new is not None]
        if better or not open_ones:
            return better[0] if better else None
        self._copies[key] += 1
        left = [one for one in open_ones if one.id not in self._used]
        return left[0] if left and self._copies[key] > 1 else None

    def _look_between(self, batch: pa.RecordBatch) -> None:
        """Count sound bars between the first and last of a block that are none of its bars."""
        there = set(pc.unique(batch["symbol"]).to_pylist())
        for block, members in self._blocks.items():
            if len(members) > 1 and members[0].symbol in there:
                days = self._between.setdefault(block, Counter())
                days.update(self._days_between(batch, members))

    def _days_between(self, batch: pa.RecordBatch, members: list[Repair]) -> Iterator[date]:
        symbol, known = members[0].symbol, [one.date for one in members]
        first, last = (pa.scalar(one, batch["date"].type) for one in (min(known), max(known)))
        inside = pc.and_(pc.greater(batch["date"], first), pc.less(batch["date"], last))
        mask = pc.and_(pc.equal(batch["symbol"], symbol), inside).fill_null(False)
        for at in np.flatnonzero(mask).tolist():
            day: date | datetime = batch["date"][at].as_py()
            if (symbol, day) not in self._of_bar and _is_sound(_bar(batch, at)):
                yield day


def _bar(batch: pa.RecordBatch, at: int) -> Numbers:
    return tuple(batch[name][at].as_py() for name in NUMBERS)


def _is_sound(bar: Numbers) -> bool:
    """Are the prices positive, and do they agree? No block leaves such a bar out."""
    prices = [one for one in bar[:4] if one is not None and isfinite(one) and one > 0]
    if len(prices) < 4:
        return False
    opened, high, low, close = prices
    slack = ROUNDING * high
    return low - slack <= min(opened, close) and max(opened, close) <= high + slack


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
