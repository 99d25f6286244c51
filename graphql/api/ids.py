"""Global ids: what a node is and which one, opaque to clients, who may mint the UUID in it themselves."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import Any
from uuid import UUID

from domain.refusals import Refusal, Refused


def encode(type_name: str, node: UUID | str, /) -> str:
    """Return the global id of a node: base64url of `Type:uuid`, without padding; of what is no node, what names it."""
    return urlsafe_b64encode(f"{type_name}:{node}".encode()).decode().rstrip("=")


def decode(global_id: str, /, *, expected: str | None = None, path: tuple[str, ...] = ()) -> tuple[str, UUID]:
    """Return the type and the UUID of a global id.

    Raises `Refused` (ID_INVALID) if it is none, or not of the `expected` type; `path` names the input field.
    """
    try:
        type_name, node = _read(global_id)
        identifier = UUID(node)
    except ValueError:
        raise Refused(Refusal.ID_INVALID, path=path, expected=expected or "Node") from None
    if expected and type_name != expected:
        raise Refused(Refusal.ID_INVALID, path=path, expected=expected)
    return type_name, identifier


def decode_parts(global_id: str, /, *parts: Callable[[str], Any], expected: str, path: tuple[str, ...]) -> list[Any]:
    """Return what names something that is no node, each part as its function reads it; between them are colons.

    Raises `Refused` (ID_INVALID) if it is none, or not of the `expected` type.
    """
    try:
        type_name, name = _read(global_id, "utf-8")
        read = [part(text) for part, text in zip(parts, name.split(":", len(parts) - 1), strict=True)]
    except (ValueError, KeyError):
        type_name, read = "", []
    if type_name != expected:
        raise Refused(Refusal.ID_INVALID, path=path, expected=expected)
    return read


def ordinal(text: str, /) -> int:
    """Return a number that a global id holds: how many states were entered, how many times something was done."""
    if not (text.isascii() and text.isdigit() and len(text) < len("10000")):
        raise ValueError("not such a number")
    return int(text)


def word(text: str, /) -> str:
    """Return a text that a global id holds."""
    if "\0" in text:
        raise ValueError("PostgreSQL has no NUL")
    return text


def _read(global_id: str, encoding: str = "ascii") -> tuple[str, str]:
    padded = global_id + "=" * (-len(global_id) % 4)
    type_name, _, name = urlsafe_b64decode(padded.encode("ascii")).decode(encoding).partition(":")
    return type_name, name
