"""The contract that is checked in is the one that the code makes."""

from pathlib import Path

from api.schema import sdl

CONTRACT = Path(__file__).parents[2] / "graphql" / "schema.graphql"


def test_the_checked_in_schema_is_current() -> None:
    """`make schema` writes it anew."""
    assert CONTRACT.read_text("utf-8") == sdl()


def test_nothing_shadows_graphql_core() -> None:
    """A module in graphql/ itself would hide the library of that name from all of us."""
    assert not list(CONTRACT.parent.glob("*.py"))
