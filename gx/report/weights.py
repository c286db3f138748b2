"""What a failure does and counts as, by its status and its severity (DESIGN: "The gate")."""

from gx.terms import Status


def blocks(status: Status, severity: str) -> bool:
    """Whether it alone closes the gate."""
    if status in ("error", "missing"):
        return True
    return status in ("failed", "unchecked") and severity == "critical"


def weight(status: Status, severity: str) -> str:
    """The severity that it counts as: whatever crashed or never ran closes the gate."""
    return "critical" if status in ("error", "missing") else severity
