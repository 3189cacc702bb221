"""Every parser that a peer can reach: importing the modules makes their targets."""

from scripts.fuzzing import files, logs, pages, world
from scripts.fuzzing.fuzzed import TARGETS, Fuzzed

__all__ = ["TARGETS", "Fuzzed", "files", "logs", "pages", "world"]
