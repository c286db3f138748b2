"""The one place that overrides, or calls, private methods of Great Expectations.

Each has a test in tests/unit/test_seam.py that fails when Great Expectations changes the original.
Everything else extends what is here through methods that are ours.
"""
