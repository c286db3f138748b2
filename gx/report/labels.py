"""How dates are written in reports."""

from typing import Any

import pandas as pd


def date_label(value: Any) -> str | None:
    """``2025-10-05``, with a time of day only when there is one; None for a missing date."""
    if pd.isna(value):
        return None
    stamp = pd.Timestamp(value)
    midnight = stamp == stamp.normalize() and stamp.tzinfo is None
    return stamp.date().isoformat() if midnight else stamp.isoformat()
