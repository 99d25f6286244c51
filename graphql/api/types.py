"""The GraphQL types that are derived from declarations, put here as they are made, so that they can name each other."""

from typing import Any

_ROOTS = frozenset({"Query", "Mutation"})
"""Made anew for every schema; nothing refers to them."""


def publish(name: str, made: type[Any], /) -> type[Any]:
    """Make a derived type known under its name; a second one under the same name is a mistake."""
    if name in globals() and name not in _ROOTS:
        raise TypeError(f"two GraphQL types would be called {name}")
    globals()[name] = made
    return made
