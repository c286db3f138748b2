"""What each feature is worth, as a picture."""

from pathlib import Path

import pandas as pd


def draw_importances(importances: pd.DataFrame, path: Path) -> None:
    """Bars of the columns mean and std by feature, the best on top, into a PNG."""
    from matplotlib.figure import Figure

    shown = importances.iloc[::-1] * 100
    figure = Figure(figsize=(7, 1 + 0.3 * len(shown)), layout="constrained")
    axes = figure.subplots()
    axes.barh(list(shown.index), shown["mean"], xerr=shown["std"].fillna(0), color="#4c78a8")
    axes.axvline(0, color="#888888", linewidth=0.8)
    axes.set_xlabel("growth of the squared error when shuffled, out of sample, %")
    figure.savefig(path, dpi=110)
