"""The diary of a process in GraphQL: its notes, for who may read them, and the mutation that adds one."""

import inspect
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from api import ids
from api.context import Context, Info
from api.derive import LOADERS, Fields, Reader, input_fields, make, output_fields, resolved
from api.nodes import Node
from api.payloads import making, outcome, payload, request_of
from api.requests import fingerprint, minted
from domain.diary import WRITERS, AddNote, DiaryNote
from domain.record import dump_value, read_value
from domain.refusals import Refusal, Refused
from store import notes
from store.requests import Asked


class NoteNode:
    """What the fields of a note are read from; those that are not here are the note's own."""

    def __init__(self, identifier: UUID, note: DiaryNote) -> None:
        self.global_id = ids.encode("Note", identifier)
        self.note = note

    def __getattr__(self, name: str) -> Any:
        return getattr(self.note, name)


NOTE = make(
    "Note",
    output_fields(DiaryNote),
    description=inspect.getdoc(DiaryNote),
    bases=(Node,),
    is_type_of=lambda value, _info: isinstance(value, NoteNode),
)


async def _load(context: Context, identifiers: list[UUID]) -> Sequence[NoteNode | None]:
    async with context.reading() as connection:
        found = await notes.load(connection, identifiers, scope=context.identity)
    return [NoteNode(each, found[each]) if each in found else None for each in identifiers]


async def _fetch(info: Info, identifier: UUID) -> NoteNode | None:
    note: NoteNode | None = await info.context.loader(_load).load(identifier)
    return note


LOADERS["Note"] = _fetch


async def _load_diaries(context: Context, process_ids: list[UUID]) -> Sequence[Sequence[NoteNode]]:
    async with context.reading() as connection:
        found = await notes.of_processes(connection, process_ids, scope=context.identity)
    return [[NoteNode(*each) for each in found[process_id].items()] for process_id in process_ids]


async def diary(context: Context, process_id: UUID, /) -> Sequence[NoteNode]:
    """Return the notes of a process that the caller may read, oldest first."""
    written: Sequence[NoteNode] = await context.loader(_load_diaries).load(process_id)
    return written


async def _add(context: Context, given: Any) -> NoteNode:
    if not context.identity.roles & WRITERS:
        raise Refused(Refusal.NOT_YOURS, roles=WRITERS)
    key = request_of(context, given)
    note = read_value(AddNote, Reader(key).read(AddNote, given))
    new = given.new_id or minted(key)
    asked = Asked(id=key, fingerprint=fingerprint({"mutation": "Note.add", "about": new, "given": dump_value(note)}))
    async with context.services.database.begin() as connection:
        identifier = await notes.add(connection, note, id=new, asked=asked, scope=context.identity, now=context.now)
        written = await notes.load(connection, [identifier], scope=context.identity)
    context.forget()
    if identifier not in written:
        raise Refused(Refusal.NOT_FOUND, path=("process",))
    return NoteNode(identifier, written[identifier])


def _mutations() -> Fields:
    about = inspect.getdoc(AddNote)

    async def add(self: Any, info: Info, input: Any) -> Any:  # noqa: A002, ARG001 (what GraphQL clients call it)
        return await outcome(info.context, _add(info.context, input))

    fields = {**making(), **input_fields(AddNote)}
    add.__annotations__["input"] = make("NoteAddInput", fields, description=about, is_input=True)
    return {"note_add": resolved(payload("Note", field="note"), add, description=about)}


MUTATIONS = _mutations()
"""The mutations, by Python name."""
