"""A new dataset as the pages ask for it: proposed, judged on a sample, and written.

Everything goes in and out as plain values: the pages ask from another process.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from gx.dataset.columns import Mapped
from gx.dataset.new import (
    drafted_suite,
    require_new,
    require_placed,
    suite_bytes,
    write_dataset,
)
from gx.dataset.propose import Given, Proposal, Sample, propose, require_asked
from gx.dataset.write import dataset_text
from gx.editing.history import first_version
from gx.editing.suggest import Draft
from gx.editing.trials import try_draft
from gx.suite.named import suite_path
from gx.suite.read import read_suite
from gx.suite.texts import author_of

SHOWN_ROWS = 10


@dataclass(frozen=True)
class NewDataset:
    """What is proposed: the dataset with the text of its file, and a suite if one is drafted."""

    proposal: Proposal
    text: str
    suite: Draft | None


def new_dataset(
    name: str,
    asked: Mapping[str, Any],
    mapping: Mapped,
    *,
    types: Mapping[str, str],
    symbols: Sequence[str],
    rows: Sequence[tuple[Any, ...]],
    hours: Sequence[tuple[str, int]] | None,
    act: str,
    author: str = "",
    history: Path | None = None,
) -> dict[str, object]:
    """Propose a dataset by what was asked and by its table (see gx.dataset.propose.Sample).

    ``act`` is ``look``, ``try`` (and judge the sample by its suite) or ``create`` (and write its
    files, none of which may be there; a drafted suite's ``history`` names its ``author``). Raises
    DatasetError that tells what is wrong, and SuiteError.
    """
    sample = Sample.of(types, symbols, rows)
    sample = sample if hours is None else sample.with_hours(hours)
    found = _proposed(name, Given(**asked), mapping, sample)
    judged = _judged(found) if act == "try" else None
    if act == "create":
        document = found.suite.document if found.suite else None
        with _recorded(found, document, author, history):
            write_dataset(found.proposal.dataset, found.text, document)
    return {**_shown(found, types), "tried": judged}


@contextmanager
def _recorded(
    found: NewDataset, document: Mapping[str, Any] | None, author: str, history: Path | None
) -> Iterator[None]:
    """Keep a drafted suite's first version, before it is in force and once it is."""
    if document is None or history is None:
        yield
        return
    name = found.proposal.dataset.suite
    reason = f"Drafted with the dataset {found.proposal.dataset.name}"
    with first_version(history / name, name, suite_bytes(document), author_of(author), reason):
        yield


def _proposed(name: str, asked: Given, mapping: Mapped, sample: Sample) -> NewDataset:
    require_asked(name, asked)
    require_new(name, asked.suite)
    proposal = propose(name, asked, mapping, sample)
    require_placed(proposal.dataset, drafted=asked.suite is None)
    head = f"Proposed from {asked.place} on {date.today():%Y-%m-%d}."  # noqa: DTZ011  # the desk's day
    unsure = "".join(f"\nUncertain: {one}" for one in proposal.unsure)
    text = dataset_text(proposal.dataset, proposal.why, head + unsure)
    return NewDataset(proposal, text, None if asked.suite else drafted_suite(proposal))


def _judged(found: NewDataset) -> dict[str, object]:
    dataset, bars = found.proposal.dataset, found.proposal.bars
    if not dataset.is_daily:
        bars = bars.assign(date=bars["date"].dt.tz_localize("UTC"))
    written = pd.Series(pd.NaT, index=bars.index, dtype="datetime64[us, UTC]")
    document = (
        found.suite.document
        if found.suite
        else json.loads(read_suite(suite_path(dataset.suite)).text)
    )
    return try_draft(
        document,
        dataset.suite,
        bars.sort_values(["symbol", "date"], ignore_index=True).assign(created_at=written),
        calendars=dataset.calendars_for(bars["symbol"].dropna().unique()),
    )


def _shown(found: NewDataset, types: Mapping[str, str]) -> dict[str, object]:
    proposal = found.proposal
    entries = found.suite.document["expectations"] if found.suite else []
    reasons = found.suite.reasons if found.suite else ()
    return {
        "text": found.text,
        "unsure": list(proposal.unsure),
        "types": dict(types),
        "mapped": dict(proposal.mapped),
        "suite": [
            {
                "severity": entry["severity"],
                "description": entry.get("description", ""),
                "reason": reason,
            }
            for entry, reason in zip(entries, reasons, strict=True)
        ],
        "bars": len(proposal.bars),
        "rows": _rows(proposal.bars, daily=proposal.dataset.is_daily),
    }


def _rows(bars: pd.DataFrame, *, daily: bool) -> list[dict[str, object]]:
    newest = bars.sort_values("date", ascending=False).head(SHOWN_ROWS)
    long = 10 if daily else 19  # a moment in UTC
    return [
        {
            str(name): str(value)[:long] if name == "date" else None if pd.isna(value) else value
            for name, value in row.items()
        }
        for row in newest.to_dict("records")
    ]
