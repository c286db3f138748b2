"""What keeps the local commands from doing their work."""


class LocalError(Exception):
    """A service of the embedded default that could not be brought up."""
