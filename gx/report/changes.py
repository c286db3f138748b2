"""What is different from the run before: expectations, the suite, and the bars themselves."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from pydantic import TypeAdapter

from gx.suite import diff as suite_diff
from gx.terms import BAR_COLUMNS, STILL_THERE

_KEY = ["symbol", "date"]
_VALUES = list(BAR_COLUMNS[2:])
EXAMPLES = 20


@dataclass(frozen=True)
class Account:
    """What a run looked at and found.

    ``report`` is QualityReport.to_dict(every_row=False); ``suite_text`` the suite file that judged;
    ``digest`` tells equal bars without reading them; ``bars`` reads them, None when none are kept.
    """

    report: Mapping[str, Any]
    suite_text: str | None = None
    digest: str | None = None
    bars: Callable[[], pd.DataFrame | None] = lambda: None


@dataclass(frozen=True)
class Counted:
    """An expectation that failed in both runs, and on how many bars."""

    description: str
    before: int
    now: int


@dataclass(frozen=True)
class Expectations:
    """Descriptions of expectations, by what became of them."""

    newly_failing: tuple[str, ...]
    newly_fixed: tuple[str, ...]
    still_failing: tuple[Counted, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True)
class Restated:
    """A bar whose numbers are others than before; ``changes`` are (column, before, now)."""

    symbol: str
    date: Any
    changes: tuple[tuple[str, float, float], ...]


@dataclass(frozen=True)
class Bars:
    """Bars that both runs looked at, or that only one of them found, by symbol and date."""

    restated: int
    examples: tuple[Restated, ...]
    new: int
    gone: int


@dataclass(frozen=True)
class Changes:
    """What is different from the run before.

    ``bars`` is None when they are the ``same_bars`` or when either run's are not kept; ``suite``
    is None when either suite is not known.
    """

    verdict_before: str
    expectations: Expectations
    suite: tuple[suite_diff.Change, ...] | None
    same_bars: bool
    bars: Bars | None


_FORM = TypeAdapter(Changes)


def to_json(changes: Changes) -> Any:
    """The changes as plain values, for `from_json`."""
    return _FORM.dump_python(changes, mode="json")


def from_json(document: Any) -> Changes:
    """What `to_json` made; dates stay text. Raises ValueError for anything else."""
    return _FORM.validate_python(document)


def compare(before: Account, now: Account) -> Changes:
    """What is different in ``now``."""
    same = before.digest is not None and before.digest == now.digest
    old, new = (None, None) if same else (before.bars(), now.bars())
    return Changes(
        verdict_before=str(before.report["verdict"]),
        expectations=compare_expectations(before.report, now.report),
        suite=_compare_suites(before.suite_text, now.suite_text),
        same_bars=same,
        bars=compare_bars(old, new) if old is not None and new is not None else None,
    )


def compare_expectations(before: Mapping[str, Any], now: Mapping[str, Any]) -> Expectations:
    """Compare two reports (`QualityReport.to_dict`), expectation by expectation."""
    old, new = _by_identity(before), _by_identity(now)
    shared = [key for key in new if key in old]

    return Expectations(
        # One that the earlier suite did not have is new to the reader as well.
        newly_failing=tuple(
            entry["description"]
            for key, entry in new.items()
            if not entry["success"] and (key not in old or old[key]["success"])
        ),
        newly_fixed=tuple(
            new[key]["description"]
            for key in shared
            if not old[key]["success"] and new[key]["success"]
        ),
        still_failing=tuple(
            Counted(
                new[key]["description"],
                int(old[key]["unexpected_count"]),
                int(new[key]["unexpected_count"]),
            )
            for key in shared
            if not old[key]["success"] and not new[key]["success"]
        ),
        added=tuple(new[key]["description"] for key in new if key not in old),
        removed=tuple(old[key]["description"] for key in old if key not in new),
    )


def no_longer_critical(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, ...]:
    """Descriptions of the critical expectations of ``before`` that are gone, or count for less.

    Both are reports (`QualityReport.to_dict`). One whose kwargs are others is still there.
    """
    old, new = (
        [entry for entry in report["expectations"] if entry["type"] != STILL_THERE]
        for report in (before, now)
    )
    pairs = dict(suite_diff.pair_entries(old, new))
    return tuple(
        str(entry["description"])
        for here, entry in enumerate(old)
        if entry["severity"] == "critical"
        and (here not in pairs or new[pairs[here]]["severity"] != "critical")
    )


def compare_bars(before: pd.DataFrame, now: pd.DataFrame) -> Bars:
    """Compare the bars of two runs, over the symbols and dates that both asked for.

    Of bars with the same symbol and date the last one counts. NaN equals NaN.
    """
    old, new = _shared(before, now)
    found = pd.Index(old.index).get_indexer(new.index)
    shared = np.flatnonzero(found >= 0)
    was = old[_VALUES].to_numpy(float)[found[shared]]
    is_now = new[_VALUES].to_numpy(float)[shared]
    differs = (was != is_now) & ~(np.isnan(was) & np.isnan(is_now))
    at = np.flatnonzero(differs.any(axis=1))
    keys = new[_KEY].iloc[shared[at[:EXAMPLES]]].itertuples(index=False)
    return Bars(
        restated=len(at),
        examples=tuple(
            Restated(str(symbol), day, _numbers(differs[i], was[i], is_now[i]))
            for i, (symbol, day) in zip(at, keys, strict=False)
        ),
        new=len(new) - len(shared),
        gone=len(old) - len(shared),
    )


def _compare_suites(before: str | None, now: str | None) -> tuple[suite_diff.Change, ...] | None:
    if not before or not now:
        return None
    return () if before == now else suite_diff.compare(json.loads(before), json.loads(now))


def _by_identity(report: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {
        json.dumps([entry["type"], entry["kwargs"]], sort_keys=True): entry
        for entry in report["expectations"]
    }


def _shared(before: pd.DataFrame, now: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The bars of symbols and dates that both cover, indexed by a number for symbol and date.

    Joining on numbers takes a tenth of the time of joining on the columns themselves.
    """
    frames = [
        frame.reindex(columns=[*_KEY, *_VALUES]).dropna(subset=_KEY) for frame in (before, now)
    ]
    symbols, _ = pd.factorize(pd.concat([frame["symbol"] for frame in frames]))
    dates, days = pd.factorize(pd.concat([frame["date"] for frame in frames]), sort=True)
    cut = len(frames[0])
    owned = np.intersect1d(symbols[:cut], symbols[cut:])
    parts = (slice(None, cut), slice(cut, None))
    first = max((dates[part].min(initial=len(days)) for part in parts), default=0)
    last = min((dates[part].max(initial=-1) for part in parts), default=-1)
    fits = np.isin(symbols, owned) & (dates >= first) & (dates <= last)
    keys = symbols * (len(days) + 1) + dates
    old, new = (
        frame.set_axis(keys[part])[fits[part]] for frame, part in zip(frames, parts, strict=True)
    )
    return old[~old.index.duplicated(keep="last")], new[~new.index.duplicated(keep="last")]


def _numbers(
    differs: np.ndarray[Any, Any], was: np.ndarray[Any, Any], is_now: np.ndarray[Any, Any]
) -> tuple[tuple[str, float, float], ...]:
    return tuple(
        (name, float(was[c]), float(is_now[c])) for c, name in enumerate(_VALUES) if differs[c]
    )
