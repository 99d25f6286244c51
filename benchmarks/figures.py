"""What was measured, as one JSON object a figure; and as a table, for people."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from rich.table import Table

Better = Literal["more", "less"]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One figure; `floor` is the same measured on the least that could do the work, in the same run."""

    name: str
    value: float
    unit: str
    better: Better = "less"
    floor: float | None = None

    @property
    def ratio(self) -> float | None:
        """The value as a multiple of the floor."""
        return self.value / self.floor if self.floor else None

    def json(self) -> str:
        """Return the figure on one line."""
        value, floor, ratio = (number and float(f"{number:.6g}") for number in (self.value, self.floor, self.ratio))
        figure = {"name": self.name, "value": value, "unit": self.unit, "floor": floor, "ratio": ratio}
        return json.dumps(figure | {"better": self.better})


def table(figures: Iterable[Figure], /) -> Table:
    """Return the figures as a table."""
    drawn = Table("figure", "unit", "better", title="What was measured")
    for column in ("value", "floor", "ratio"):
        drawn.add_column(column, justify="right")
    for each in figures:
        numbers = (each.value, each.floor, each.ratio)
        drawn.add_row(each.name, each.unit, each.better, *("" if n is None else f"{n:,.2f}" for n in numbers))
    return drawn
