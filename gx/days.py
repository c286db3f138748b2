"""Days as they are typed."""

from datetime import date

import typer


def typed_day(text: str | None) -> str | None:
    """The day of an option, as 2025-01-31; raises typer.BadParameter for what is none."""
    try:
        return text and date.fromisoformat(text).isoformat()
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no date (YYYY-MM-DD)") from None
