"""Detectors of bad bars: pure numpy and pandas, every symbol at once, no Great Expectations.

A detector takes :class:`~gx.plugins.expectations.kernels.bars.Bars` and returns a
:class:`~gx.plugins.expectations.kernels.bars.Judgement` in the row order of the frame.
"""
