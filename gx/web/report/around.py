"""The bars around failing ones, as far as a run's files have them."""

from collections.abc import Sequence

import pandas as pd

from gx.web.sources import RunFiles


def bars_around(files: RunFiles, symbols: Sequence[str]) -> pd.DataFrame | None:
    """The judged bars of these symbols and those before the range; None where none are kept."""
    found = [one for one in (files.lookback(symbols), files.bars(symbols)) if one is not None]
    return pd.concat(found) if found else None
