"""What a world reports when something that must be true is not."""


class Violation(AssertionError):
    """The first thing that was found wrong, where and when."""
