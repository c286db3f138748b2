"""Which column of a file is which of a bar's: by a person's word, by its name, by what it holds."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from gx.errors import BarFileError
from gx.files.asked.format import Format
from gx.files.layout.kinds import is_moment
from gx.files.meaning.names import (
    KNOWN,
    NAMELESS,
    NOT_USED,
    WEAK,
    letters,
    plain,
)
from gx.nearest import nearest

SEEN = 1_000  # as many cells tell what a column holds


@dataclass
class Meanings:
    """The position of each column that is used, by meaning, and why others are not.

    ``rivals`` are other columns of dates, which have to say the same.
    """

    used: dict[str, int] = field(default_factory=dict)
    unused: dict[int, str] = field(default_factory=dict)
    rivals: dict[str, list[int]] = field(default_factory=dict)
    unsure: list[str] = field(default_factory=list)


def shown_name(names: Sequence[str], place: int) -> str:
    """A column's name; one without any is called by its place."""
    return names[place].strip() or f"column {place + 1}"


def meanings_of(
    file: str, names: Sequence[str], cells: Sequence[pa.ChunkedArray], asked: Format
) -> Meanings:
    """Decide what each column means; raises BarFileError where two would mean the same."""
    return _Decision(file, names, cells, asked).made()


class _Decision:
    def __init__(
        self, file: str, names: Sequence[str], cells: Sequence[pa.ChunkedArray], asked: Format
    ) -> None:
        self.file, self.names, self.cells, self.asked = file, names, cells, asked
        self.found = Meanings()
        self.short = [plain(name) for name in names]

    def made(self) -> Meanings:
        if self.asked.order is not None:
            self._by_place(self.asked.order)
        else:
            for meaning, name in (self.asked.columns or {}).items():
                self.found.used[meaning] = self._place_of(name)
            self._by_letters()
            self._by_name()
        self._by_weak_name()
        self._nameless()
        if "volume" not in self.found.used and self.asked.order is None:
            self._volume_of_coin()
        if "date" not in self.found.used and "time" in self.found.used:  # as MetaTrader's epochs
            self.found.used["date"] = self.found.used.pop("time")
        self._note_unused()
        return self.found

    def _by_place(self, order: Sequence[str]) -> None:
        if len(order) != len(self.names):
            raise BarFileError(
                f"{self.file}: has {len(self.names)} columns, and --columns names {len(order)}; "
                f"write - for one that is not used. The file has: {self._all()}"
            )
        self.found.used |= {one: place for place, one in enumerate(order) if one != "-"}
        self.found.unused |= {
            place: "by --columns" for place, one in enumerate(order) if one == "-"
        }

    def _place_of(self, name: str) -> int:
        same = [place for place, one in enumerate(self.names) if one.strip() == name]
        same = same or [
            place
            for place, one in enumerate(self.names)
            if name.casefold() in (one.strip().casefold(), f"column {place + 1}")
        ]
        if len(same) == 1:
            return same[0]
        if same:
            places = " or ".join(f"'column {place + 1}'" for place in same)
            raise BarFileError(f"{self.file}: has {len(same)} columns {name!r}; say {places}")
        near = nearest(name, (shown_name(self.names, place) for place in range(len(self.names))))
        raise BarFileError(
            f"{self.file}: has no column {name!r}{near or ';'} the file has: {self._all()}"
        )

    def _all(self) -> str:
        return ", ".join(shown_name(self.names, place) for place in range(len(self.names)))

    def _free(self) -> Iterator[int]:
        taken = {*self.found.used.values(), *self.found.unused}
        return (place for place in range(len(self.names)) if place not in taken)

    def _by_letters(self) -> None:
        for place, meaning in letters(list(self.names)).items():
            if place in self._free():
                self.found.used.setdefault(meaning, place)

    def _by_name(self) -> None:
        wanted: dict[str, list[int]] = {}
        for place in self._free():
            meaning = KNOWN.get(self.short[place])
            if meaning:
                wanted.setdefault(meaning, []).append(place)
        for meaning, places in wanted.items():
            if meaning in self.found.used:
                why = f"{shown_name(self.names, self.found.used[meaning])} is the {meaning}"
                self.found.unused |= dict.fromkeys(places, why)
            elif len(places) > 1 and meaning != "date":
                raise self._two(meaning, places)
            else:
                self._use(meaning, places)

    def _use(self, meaning: str, places: list[int]) -> None:
        """Of several columns of dates the one that also has the time, or else the first."""
        self.found.used[meaning] = places[0]
        if len(places) > 1:
            self.found.rivals[meaning] = places[1:]

    def _two(self, meaning: str, places: Sequence[int]) -> BarFileError:
        names = [shown_name(self.names, place) for place in places]
        if len(set(names)) < len(names):
            names = [f"column {place + 1}" for place in places]
        choices = " or ".join(f"--columns '{meaning}={name}'" for name in names)
        return BarFileError(
            f"{self.file}: has two columns for {meaning}; leave one out, or choose: {choices}"
        )

    def _by_weak_name(self) -> None:
        if self.asked.order is not None:
            return
        for meaning in ("symbol", "close", "date"):
            places = [place for place in self._free() if WEAK.get(self.short[place]) == meaning]
            places = [place for place in places if not self._is_number_of(place)]
            if not places:
                continue
            if meaning in self.found.used:
                if meaning == "date":
                    self._rival_dates(places)
                continue
            if meaning == "close" and not {"open", "high", "low"} <= self.found.used.keys():
                continue
            if len(places) > 1 and meaning != "date":
                raise self._two(meaning, places)
            self._use(meaning, places)

    def _is_number_of(self, place: int) -> bool:
        """A name in digits is that of something else, as of a currency."""
        texts = some_texts(self.cells[place]) if self.short[place] == "name" else []
        return bool(texts) and all(text.isdigit() for text in texts)

    def _rival_dates(self, places: Sequence[int]) -> None:
        for place in places:
            if self.short[place] == "time" and "time" not in self.found.used:
                self.found.used["time"] = place
            elif place not in self.found.used.values() and _may_be_dates(self.cells[place]):
                self.found.rivals.setdefault("date", []).append(place)

    def _nameless(self) -> None:
        for place in self._free():
            if self.short[place] not in NAMELESS and "Unnamed:" not in self.names[place]:
                continue
            cells = self.cells[place]
            if is_blank(cells):
                self.found.unused[place] = "blank"
            elif "date" not in self.found.used and holds_moments(cells):
                self.found.used["date"] = place
            elif are_row_numbers(cells):
                self.found.unused[place] = "the rows' numbers"

    def _volume_of_coin(self) -> None:
        """Of volumes in several coins or currencies that in which all symbols are counted."""
        units = {place: found[1] for place in self._free() if (found := self._unit(place))}
        symbols = {self.asked.symbol} if self.asked.symbol else set()
        if not symbols and "symbol" in self.found.used:
            symbols = set(some_texts(self.cells[self.found.used["symbol"]]))
        counted = [
            place
            for place, unit in units.items()
            if symbols and all(one.casefold().startswith(unit) for one in symbols)
        ]
        if len(counted) == 1:
            self.found.used["volume"] = counted[0]
            why = f"{shown_name(self.names, counted[0])} is the volume"
            self.found.unused |= {place: why for place in units if place != counted[0]}

    def _unit(self, place: int) -> re.Match[str] | None:
        return re.fullmatch(r"vol(?:ume)?\(?([a-z]{2,6})\)?", self.short[place])

    def _note_unused(self) -> None:
        rivals = {place for places in self.found.rivals.values() for place in places}
        for place in self._free():
            if place in rivals:
                continue
            why = NOT_USED.get(self.short[place], "")
            if self.short[place] in WEAK and WEAK[self.short[place]] in self.found.used:
                used = shown_name(self.names, self.found.used[WEAK[self.short[place]]])
                why = f"{used} is the {WEAK[self.short[place]]}"
            if not why and are_row_numbers(self.cells[place]) and place == 0:
                why = "the rows' numbers"
            if not why and is_blank(self.cells[place]):
                why = "blank"
            self.found.unused[place] = why


def is_text(cells: pa.ChunkedArray) -> bool:
    """Whether a column holds texts."""
    kind = cells.type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def is_blank(cells: pa.ChunkedArray) -> bool:
    """Whether a column holds nothing at all."""
    if is_text(cells):
        return bool(pc.all(pc.equal(pc.utf8_trim_whitespace(cells), "")).as_py() is not False)
    return bool(cells.null_count == len(cells))


def some_texts(cells: pa.ChunkedArray) -> list[str]:
    """The first cells of a column that hold something, as texts."""
    head = cells.slice(0, SEEN)
    try:
        texts = pc.cast(head, pa.string()).to_pylist()
    except pa.ArrowException:
        texts = list(map(str, head.to_pylist()))
    return [text.strip() for text in texts if text is not None and text.strip()]


def holds_moments(cells: pa.ChunkedArray) -> bool:
    """Whether nearly all cells look like dates, with or without a time."""
    if pa.types.is_temporal(cells.type):
        return True
    if not is_text(cells):
        return False
    texts = some_texts(cells)
    dated = [text for text in texts if is_moment(text) and (not text.isdigit() or len(text) == 8)]
    return bool(texts) and len(dated) * 10 >= len(texts) * 9


def _may_be_dates(cells: pa.ChunkedArray) -> bool:
    """Whether a column could be one of dates, or of the time since 1970."""
    texts = some_texts(cells)
    return holds_moments(cells) or all(text.isdigit() and len(text) > 8 for text in texts)


def are_row_numbers(cells: pa.ChunkedArray) -> bool:
    """Whether a column counts from 0 or 1."""
    texts = some_texts(cells)
    return any(texts == [str(number + first) for number in range(len(texts))] for first in (0, 1))
