"""Proposes the right bar for a wrong one, where there is exactly one right answer.

Nothing is repaired here: a proposal is for a person to accept, and the next run judges it again.
"""
