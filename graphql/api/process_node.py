"""What the fields of a process are read from."""

from functools import cached_property
from typing import Any

from api import ids
from domain.process import Process
from domain.record import load
from store.database import AnyRow
from store.joins import Part

_COLUMNS = frozenset({"version", "opened_at", "entered_at", "deadline", "overdue"})
"""What the row tells too: a list need not read the whole process for it."""


class ProcessNode:
    """What a process's fields are read from: its row, and the process in it. Other fields are the process's own."""

    def __init__(self, row: AnyRow | Part) -> None:
        self.row = row

    @cached_property
    def process(self) -> Process:
        """The process as its workflow holds it."""
        return load(self.row.kind, self.row.data)

    @property
    def declared(self) -> type[Process]:
        """The declaration of the process."""
        return Process.kinds[self.row.kind]

    @property
    def type_name(self) -> str:
        """Its type in GraphQL."""
        return self.declared.__name__

    @property
    def global_id(self) -> str:
        """The id that clients know."""
        return ids.encode(self.type_name, self.row.id)

    def __getattr__(self, name: str) -> Any:
        # GraphQL's machinery asks every source for `__await__` and the like: no reason to read the whole process.
        if name.startswith("_") or name == "process":
            raise AttributeError(name)
        return getattr(self.row if name in _COLUMNS else self.process, name)
