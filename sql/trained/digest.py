"""The digest of a published bar, as SQL: written with the bar, and asked again by who relies on it.

64 bits of PostgreSQL's own hash functions, one upon the other, over the run, the symbol, the moment
and the five numbers as float64. No setting of a session and no other type of a column changes it.
SHA-256 would make publishing a third slower and prove no more: whoever may write a bar may write
its digest, too.
"""

from sql.terms import NUMBERS


def digest_of(run_id: str) -> str:
    """The expression for a row with the columns of a bar, published by the run that `run_id` is."""
    found = f"hashtextextended({run_id}, 0)"
    found = f"hashtextextended(symbol::text, {found})"
    for number in ("date_part('epoch', date)", *NUMBERS):
        found = f"hashfloat8extended({number}::float8, {found})"
    return found


PUBLISHED = digest_of("run_id::text")
