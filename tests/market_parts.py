"""A market judged in parts, each as a worker leaves it."""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from gx.gate.asked import NOTHING_ASKED, Asked
from gx.market.merge import merge
from gx.market.part import judge_part
from gx.plugins.expectations.declared import read_declared, with_declared
from gx.plugins.expectations.kernels.declared import Declared
from gx.report.model import QualityReport
from gx.suite.read import Suite
from gx.suite.waivers import Waiver

AS_OF = "2025-06-30"


@dataclass(frozen=True)
class Held:
    """A part as a worker leaves it, gone through JSON and .npz."""

    document: Any
    stored: Any
    table: pa.Table
    before: pa.Table
    declared: Declared | None = None

    def array(self, name: str) -> Any:
        return self.stored.get(name)

    def bars(self, columns: Sequence[str] | None = None) -> pa.Table:
        return self.table if columns is None else self.table.select(list(columns))

    def lookback(self, columns: Sequence[str] | None = None) -> pa.Table:
        return self.before if columns is None else self.before.select(list(columns))


def in_parts(
    bars: pd.DataFrame,
    lookback: pd.DataFrame,
    suite: Suite,
    count: int,
    asked: Asked = NOTHING_ASKED,
    waivers: Sequence[Waiver] = (),
    actions: pd.DataFrame | None = None,
) -> QualityReport:
    """The report of `count` parts, each with its share of the symbols."""
    symbols = sorted({*bars["symbol"], *lookback["symbol"]})
    parts = []
    for mine in np.array_split(symbols, count):
        share = bars[bars["symbol"].isin(mine)].reset_index(drop=True)
        before = lookback[lookback["symbol"].isin(mine)].reset_index(drop=True)
        of_these = None if actions is None else actions[actions["symbol"].str.upper().isin(mine)]
        declared = None if of_these is None else read_declared(of_these, adjusted=False)
        told = with_declared(share, declared)
        found = judge_part(told, suite, as_of=AS_OF, asked=asked, lookback=before)
        stored = io.BytesIO()
        arrays: dict[str, Any] = dict(found.arrays)
        np.savez(stored, **arrays)
        stored.seek(0)
        parts.append(
            Held(
                json.loads(json.dumps(found.document)),
                np.load(stored),
                pa.Table.from_pandas(share, preserve_index=False),
                pa.Table.from_pandas(before, preserve_index=False),
                declared,
            )
        )
    return merge(parts, suite, as_of=AS_OF, asked=asked, waivers=waivers).report
