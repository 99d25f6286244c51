"""The diary of a process: what people wrote down about it, in whatever state it was, and who may read it."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from domain.fields import Moment, NoteText, ProcessId, StaffId
from domain.roles import STAFF, Role

Readers = Annotated[tuple[Role, ...], Field(max_length=len(Role))]
"""The roles that may read it besides its author; none is everybody who may read the process."""

WRITERS = STAFF
"""Who may write in a diary."""


@dataclass(frozen=True, kw_only=True)
class AddNote:
    """A note, or what was said in a call; `readers` keeps it to some roles."""

    process: ProcessId
    text: NoteText
    readers: Readers = ()


@dataclass(frozen=True, kw_only=True)
class DiaryNote:
    """What somebody wrote down; `process` is none for the note of a contact without a case."""

    process: ProcessId | None
    text: str
    readers: Readers
    author: StaffId
    written_at: Moment
