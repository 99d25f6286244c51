"""Global ids: what a node is and which one, opaque to clients, who may mint the UUID in it themselves."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
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
        padded = global_id + "=" * (-len(global_id) % 4)
        type_name, _, node = urlsafe_b64decode(padded.encode("ascii")).decode("ascii").partition(":")
        identifier = UUID(node)
    except ValueError:
        raise Refused(Refusal.ID_INVALID, path=path, expected=expected or "Node") from None
    if expected and type_name != expected:
        raise Refused(Refusal.ID_INVALID, path=path, expected=expected)
    return type_name, identifier
