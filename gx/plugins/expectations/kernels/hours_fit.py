"""How far bars within the day are from what a calendar says of its sessions."""

import numpy as np

from gx.plugins.expectations.kernels.bars import Bars, Ints
from gx.plugins.expectations.kernels.calendars import session_rows
from gx.plugins.expectations.kernels.hours import outside_hours
from gx.plugins.expectations.kernels.moments import Moment
from gx.plugins.expectations.kernels.slots import fill_slots


def misfits(bars: Bars, calendar: str) -> Ints:
    """Count, for each symbol, the bars outside the sessions and the slots without one.

    The slots are those from the first session that has a bar to the last.
    """
    table = bars.table
    rows = session_rows(bars, calendar, None)
    outside = ((rows.ordinal < 0) | outside_hours(bars, rows, None)) & (table.code >= 0)
    found = np.bincount(table.code[outside], minlength=table.symbol_count)
    slots = fill_slots(bars, rows, 0, None, Moment.of(None))
    sessions = np.diff(slots.ordinal, prepend=0)
    skipped = np.where(slots.begins | (sessions < 2), 0, (sessions - 1) * slots.size.sum(axis=1))
    last = np.append(slots.begins[1:], True)[: len(slots.row)]
    lacking = slots.missing + skipped + np.where(slots.begins, slots.past, 0)
    lacking += np.where(last, slots.left, 0)
    of_slots = np.bincount(slots.code, lacking, minlength=table.symbol_count)
    return found + of_slots.astype(np.int64)
