"""A process, and the input of a step, as JSON and back: what histories, PostgreSQL and answers hold."""

from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from domain.events import Opening
from domain.process import Process, Step
from domain.refusals import Refusal, Refused

Json = dict[str, Any]


_adapters: dict[Any, TypeAdapter[Any]] = {}


def _adapter(declared: Any) -> TypeAdapter[Any]:
    """Building one takes milliseconds, so each is built once."""
    if declared not in _adapters:
        _adapters[declared] = TypeAdapter(declared)
    return _adapters[declared]


def dump(process: Process) -> Json:
    """Return the whole process as JSON values."""
    return dump_value(process)


def load(kind: str, record: Json) -> Process:
    """Return the process of that kind which `dump` wrote."""
    process: Process = _adapter(Process.kinds[kind]).validate_python(record)
    return process


def blank(kind: str, *, id: UUID, case_id: UUID, opening: Opening) -> Process:  # noqa: A002 (its name everywhere)
    """Return a process before its opening step: it has its policy, and nothing else."""
    process = {"id": id, "case_id": case_id, "terms": opening.terms, "limits": opening.limits}
    return load(kind, process)


def read_input(declared: Step, given: Json) -> object | None:
    """Return the typed input of a step; raise `Refused` naming the first field at fault."""
    return None if declared.input is None else read_value(declared.input, given)


def read_value(declared: Any, given: object, /, *, path: tuple[str, ...] = ()) -> Any:
    """Return what a client gave as a type of the domain, a dataclass or a bounded scalar; `path` is where it stood.

    Raises `Refused` naming the first field at fault.
    """
    try:
        return _adapter(declared).validate_python(given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = (*path, *(str(part) for part in first["loc"]))
        raise Refused(Refusal.INPUT_INVALID, path=where, problem=first["msg"].removeprefix("Value error, ")) from None


def dump_value(value: object) -> Json:
    """Return a dataclass of the domain as JSON values."""
    values: Json = _adapter(type(value)).dump_python(value, mode="json")
    return values


def dump_input(given: object | None) -> Json:
    """Return a step's input as JSON values."""
    return {} if given is None else dump_value(given)
