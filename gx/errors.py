"""What can go wrong before a verdict exists."""


class GateError(Exception):
    """Base of everything that keeps the gate from judging; the message says what to do."""


class SuiteError(GateError):
    """A suite file that cannot be trusted to check what it says."""


class BarFileError(GateError):
    """A file of bars that cannot be read completely."""


class FrameError(GateError):
    """A frame that is no frame of bars."""
