"""Pure pandas: a frame in, a new frame out."""

from transforms.bars import enrich
from transforms.indicators import INDICATORS, columns_of, reach_of

__all__ = ["INDICATORS", "columns_of", "enrich", "reach_of"]
