"""A run's verdict as a person reads it, once it is known what became of the run."""

from dags.staging.records import Published, Validated


def verdict_sentence(verdict: str, validated: Validated, published: Published | None) -> str:
    """The report's verdict; of a run that went on without some symbols, it names those."""
    held = validated.held
    if published and published.superseded:
        newer = published.newer[0]
        return f"Superseded: {published.superseded:,} bars stay as run {newer} published them."
    if not held or not validated.open:
        return verdict
    more = f" and {len(held) - 3:,} more" if len(held) > 3 else ""
    return f"{', '.join(held[:3])}{more} held back: {verdict.removeprefix('Gate closed: ')}"
