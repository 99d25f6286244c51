"""The two hashes by which a request is known: who asked with which key, and what exactly was asked."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid5

import orjson

_NAMESPACE = UUID("6b0c3a5e-54a8-5f0f-9c11-6a8a5f0b7d21")


def request_id(identity: UUID, key: str, /) -> str:
    """Return the id of a request: the hash of who asks and the key they chose, so that nobody meets another's."""
    return sha256(f"{identity}\n{key}".encode()).hexdigest()


def fingerprint(canonical: Mapping[str, Any], /) -> str:
    """Return the hash of a request's whole content, whatever the order of its fields."""
    return sha256(orjson.dumps(canonical, option=orjson.OPT_SORT_KEYS, default=str)).hexdigest()


def minted(request: str, name: str = "", /) -> UUID:
    """Return the id of what a request makes when its client mints none: the same at every try."""
    return uuid5(_NAMESPACE, f"{request}\n{name}")
