"""What OpenLineage is told of a run: whence its bars come, what judged them, where they went."""
