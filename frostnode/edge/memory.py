"""Give memory back to the system: what a large piece of work has freed is else kept for the next one."""

import ctypes


def give_back() -> None:
    """Return what is free, where the C library has a way to ask for it (glibc); a few milliseconds."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
