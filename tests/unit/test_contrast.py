"""Every colour of text can be read on every ground that text stands on, light and dark."""

import re
from itertools import product
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXTS, GROUNDS = ("ink", "dim", "red", "amber", "blue", "green"), ("paper", "card")
LEAST = 4.5  # WCAG AA
_PAIR = re.compile(r"--(\w+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)")


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_can_be_read(scheme: int):
    found = _PAIR.findall((ROOT / "gx/report/templates/report.css").read_text())
    colours = {name: pair[scheme] for name, *pair in found}
    assert {*TEXTS, *GROUNDS} <= set(colours)

    low = {
        (text, ground): round(contrast(colours[text], colours[ground]), 2)
        for text, ground in product(TEXTS, GROUNDS)
        if contrast(colours[text], colours[ground]) < LEAST
    }
    assert not low


def test_nothing_makes_text_paler():
    """A part that is being fetched says so by its pointer; it is read meanwhile."""
    styles = [
        *(ROOT / "gx/web/assets/static").glob("*.css"),
        ROOT / "gx/report/templates/report.css",
    ]
    rules = re.findall(r"([^{}]+)\{([^{}]*)\}", "".join(map(Path.read_text, styles)))
    paler = [selector.strip() for selector, body in rules if re.search(r"(?<!-)opacity", body)]
    # Drawings, and buttons that are off, which the rule leaves out.
    assert all(re.search(r"svg|\.chart|::before|:disabled", selector) for selector in paler), paler
