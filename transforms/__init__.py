"""Pure pandas: a frame in, a new frame out."""

from transforms.bars import enrich

__all__ = ["enrich"]
