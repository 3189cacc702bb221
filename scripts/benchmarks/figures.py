"""What was measured: one value beside its target and beside what the machine could do at most."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One value, its target and its ceiling in the same unit; `is_cost` where less is better."""

    name: str
    value: float
    unit: str
    target: float | None = None
    ceiling: float | None = None
    is_cost: bool = False
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """How much of the ceiling is reached: 1 is all of it."""
        if self.ceiling is None:
            return None
        return self.ceiling / self.value if self.is_cost else self.value / self.ceiling

    @property
    def is_met(self) -> bool | None:
        """Whether the target is reached, None where there is none."""
        if self.target is None:
            return None
        return self.value < self.target if self.is_cost else self.value >= self.target

    def as_json(self) -> dict[str, Any]:
        """The figure for programs."""
        return {
            "name": self.name,
            "value": rounded(self.value),
            "unit": self.unit,
            "target": self.target,
            "ceiling": rounded(self.ceiling),
            "ratio": rounded(self.ratio),
        }


def rounded(value: float | None) -> float | None:
    """Three digits that mean something."""
    return None if value is None else float(f"{value:.3g}")


_ROW = "{:<28} {:>10} {:<10} {:>10} {:>10} {:>6}  {:<6} {}"


def table(figures: Sequence[Figure]) -> str:
    """The figures for people."""
    rows = [_ROW.format("name", "value", "unit", "target", "ceiling", "ratio", "target", "").rstrip()]
    for figure in figures:
        met = {None: "", True: "met", False: "missed"}[figure.is_met]
        target = "" if figure.target is None else ("< " if figure.is_cost else "≥ ") + _plain(figure.target)
        rows.append(
            _ROW.format(
                figure.name,
                _plain(figure.value),
                figure.unit,
                target,
                "" if figure.ceiling is None else _plain(figure.ceiling),
                "" if figure.ratio is None else f"{figure.ratio:.2f}",
                met,
                figure.note,
            ).rstrip()
        )
    return "\n".join(rows)


def _plain(value: float) -> str:
    return f"{rounded(value):,.0f}" if value >= 100 else f"{value:.3g}"
