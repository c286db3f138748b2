"""What people wrote about a run, as a tag: an artifact would not be what the run wrote."""

from collections.abc import Sequence

from tracking.client import failures_named, open_client
from tracking.store import TrackingStore

TAG = "comments"
# MLflow takes 8,000 characters; the newest are what counts.
MOST_CHARACTERS = 5_000


def write_comments(store: TrackingStore, run_id: str, comments: Sequence[str]) -> None:
    """Have the run's tag say these, oldest first; raises TrackingError."""
    text = "\n".join(comments)
    shown = text if len(text) <= MOST_CHARACTERS else f"…{text[1 - MOST_CHARACTERS :]}"
    client = open_client(store)
    with failures_named(store, "the comments could not be written"):
        client.set_tag(run_id, TAG, shown)
