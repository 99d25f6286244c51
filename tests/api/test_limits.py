import time

import pytest
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    SelectionSetNode,
    get_introspection_query,
    parse,
)
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette

from api.execution import DOCUMENTS
from api.limits import MAX_DEPTH, MAX_FIELDS, MAX_REPEATED, MAX_TOKENS, Measure, require_within_limits
from domain.refusals import Refused
from tests.api.small import SCHEMA, client, served

QUICKLY = 1.0
"""Seconds of this processor: many times what it takes, and nothing beside following 2 ** 300 spreads."""


@pytest.fixture(scope="module")
async def app() -> Starlette:
    return await served()


async def _codes(app: Starlette, query: str, /) -> list[str]:
    async with client(app) as asking:
        answer = await asking.post("/graphql", json={"query": query})
    return [error["extensions"]["code"] for error in answer.json().get("errors", [])]


def _deep(levels: int) -> str:
    return "{ leaf " * (levels - 1) + "{ name }" + " }" * (levels - 1)


def _doubling(fragments: int) -> str:
    """2 ** fragments fields in a few words each."""
    spreads = "".join(f"fragment F{i} on Leaf {{ ...F{i + 1} ...F{i + 1} }} " for i in range(fragments))
    return f"{{ leaf {{ ...F0 }} }} {spreads} fragment F{fragments} on Leaf {{ name }}"


async def test_a_question_may_be_so_deep_and_no_deeper(app: Starlette) -> None:
    assert await _codes(app, _deep(MAX_DEPTH)) == []
    assert await _codes(app, _deep(MAX_DEPTH + 1)) == ["QUERY_TOO_DEEP"]


async def test_depth_counts_through_fragments(app: Starlette) -> None:
    fragment = f"fragment F on Leaf {_deep(MAX_DEPTH)}"

    assert await _codes(app, f"{{ leaf {{ ...F }} }} {fragment}") == ["QUERY_TOO_DEEP"]
    assert await _codes(app, f"{{ leaf {{ ... on Leaf {_deep(MAX_DEPTH)} }} }}") == ["QUERY_TOO_DEEP"]


async def test_a_question_may_have_so_many_fields_and_no_more(app: Starlette) -> None:
    def aliases(count: int) -> str:
        return "{" + " ".join(f"a{i}: name" for i in range(count)) + "}"

    assert await _codes(app, aliases(MAX_FIELDS)) == []
    assert await _codes(app, aliases(MAX_FIELDS + 1)) == ["QUERY_TOO_LARGE"]


async def test_fields_count_as_often_as_a_fragment_brings_them(app: Starlette) -> None:
    spreads = " ".join(f"a{i}: leaf {{ ...F }}" for i in range(MAX_FIELDS // 4))

    assert await _codes(app, f"{{ {spreads} }} fragment F on Leaf {{ a: name b: name }}") == []
    assert await _codes(app, f"{{ {spreads} }} fragment F on Leaf {{ a: name b: name c: name d: name }}") == [
        "QUERY_TOO_LARGE"
    ]


async def test_fields_of_the_same_name_are_so_many_and_no_more(app: Starlette) -> None:
    """Validation compares each with each: 480 take a second, wherever they are written."""
    assert await _codes(app, "{" + "leaf { a: name } " * MAX_REPEATED + "}") == []
    assert await _codes(app, "{" + "leaf { a: name } " * (MAX_REPEATED + 1) + "}") == ["QUERY_TOO_LARGE"]
    unused = f"{{ name }} fragment F on Leaf {{ {'name ' * (MAX_REPEATED + 1)} }}"
    assert await _codes(app, unused) == ["QUERY_TOO_LARGE"]


@pytest.mark.parametrize(
    ("document", "rows"),
    [
        ("{ a { nodes { x } } }", 50),
        ("{ a(first: 17) { edges { node { x } } } b { x } }", 17),
        ("query($first: Int) { a(first: $first) { ...F } } fragment F on A { nodes { x } }", 100),
        ("{ a(first: 1000000) { nodes { x } } }", 100),
        ("{ a(first: 10) { nodes { b { c(first: 20) { nodes { x } } } d(first: 3) { nodes { x } } } } }", 10 * 31),
        ("{ a(first: 10) { nodes { ...F } } } fragment F on A { c(first: 20) { nodes { x } } }", 10 * 21),
        ("{ nodes(ids: []) { ... on A { c(first: 20) { nodes { x } } } } }", 100 * 21),
    ],
)
def test_pages_within_pages_multiply(document: str, rows: int) -> None:
    [size] = Measure(parse(document)).operations()
    assert size.rows == rows


async def test_a_question_may_be_answered_with_so_many_rows_and_no_more(app: Starlette) -> None:
    within = "{ a(first: 99) { nodes { b(first: 100) { nodes { x } } } } }"
    beyond = within.replace("99", "100")
    assert await _codes(app, within) == ["GRAPHQL_VALIDATION_FAILED"]
    assert await _codes(app, beyond) == ["QUERY_TOO_LARGE"]


async def test_each_operation_counts_by_itself(app: Starlette) -> None:
    operation = "{" + " ".join(f"a{i}: name" for i in range(MAX_FIELDS // 2 + 1)) + "}"
    async with client(app) as asking:
        asked = {"query": f"query A {operation} query B {operation}", "operationName": "A"}
        answer = await asking.post("/graphql", json=asked)

    assert "errors" not in answer.json()


async def test_a_document_may_have_so_many_words_and_no_more(app: Starlette) -> None:
    assert await _codes(app, "{" + "name " * MAX_TOKENS + "}") == ["QUERY_TOO_LARGE"]
    assert await _codes(app, "#" * 1_000_000 + "\n{ name }") == []
    assert await _codes(app, "#\n" * MAX_TOKENS + "{ name }") == ["QUERY_TOO_LARGE"]


async def test_the_introspection_of_tools_is_within_every_limit(app: Starlette) -> None:
    full = get_introspection_query(
        specified_by_url=True, directive_is_repeatable=True, schema_description=True, input_value_deprecation=True
    )

    assert await _codes(app, full) == []


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (_doubling(20), "QUERY_TOO_LARGE"),
        (_doubling(300), "QUERY_TOO_LARGE"),
        ("{ " + "leaf { " * 199 + "name" + " }" * 200, "QUERY_TOO_DEEP"),
        ("{ " + "...{ " * 5_000 + "name" + " }" * 5_001, "GRAPHQL_PARSE_FAILED"),
        ("{ " + "leaf { " * 10_000, "GRAPHQL_PARSE_FAILED"),
        ("{ a" + "[" * 10_000, "GRAPHQL_PARSE_FAILED"),
        ("{ ...F } fragment F on Query { ...G } fragment G on Query { ...F name }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ leaf { ...F } } fragment F on Leaf { leaf { ...F } }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ ...Missing }", "GRAPHQL_VALIDATION_FAILED"),
    ],
    ids=lambda given: given[:40],
)
async def test_no_document_takes_long_to_refuse(app: Starlette, document: str, code: str) -> None:
    began = time.process_time()
    codes = await _codes(app, document)

    assert time.process_time() - began < QUICKLY
    assert codes[0] == code


async def test_a_long_chain_of_fragments_is_refused(app: Starlette) -> None:
    chain = " ".join(f"fragment F{i} on Query {{ ...F{i + 1} }}" for i in range(400))

    [code] = await _codes(app, f"{{ ...F0 }} {chain} fragment F400 on Query {{ name }}")

    assert code in {"QUERY_TOO_DEEP", "GRAPHQL_VALIDATION_FAILED"}  # as deep as Python goes, or as GraphQL does


async def test_the_sentence_says_what_to_do(app: Starlette) -> None:
    async with client(app, **{"Accept-Language": "it"}) as asking:
        answer = await asking.post("/graphql", json={"query": "{" + "name " * (MAX_FIELDS + 1) + "}"})

    assert answer.json()["errors"][0]["message"] == "La domanda ha più di 1000 campi: dividerla, o usare variabili."


async def test_a_repeated_document_is_read_once_in_every_language(app: Starlette) -> None:
    before = SCHEMA.document.cache_info()
    for language in ("it", "en", "it"):
        async with client(app, **{"Accept-Language": language}) as asking:
            answer = await asking.post("/graphql", json={"query": "{ once: nothing }"})
            assert answer.json()["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"

    after = SCHEMA.document.cache_info()
    assert after.misses - before.misses == 1
    assert after.maxsize == DOCUMENTS


# The measure is what following every spread would give.


@st.composite
def _documents(draw: st.DrawFn) -> str:
    """Small documents whose fragments only spread later ones."""
    count = draw(st.integers(0, 4))

    def selections(first: int, levels: int) -> str:
        kinds = ["field"] + ["object", "inline"] * (levels > 0) + ["spread"] * (first < count)
        parts = []
        for kind in draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=3)):
            match kind:
                case "field":
                    parts.append("name")
                case "object":
                    parts.append(f"leaf {{ {selections(first, levels - 1)} }}")
                case "inline":
                    parts.append(f"... on Leaf {{ {selections(first, levels - 1)} }}")
                case "spread":
                    parts.append(f"...F{draw(st.integers(first, count - 1))}")
        return " ".join(parts)

    fragments = " ".join(f"fragment F{i} on Leaf {{ {selections(i + 1, 2)} }}" for i in range(count))
    return f"{{ {selections(0, 2)} }} {fragments}"


def _followed(node: SelectionSetNode | None, fragments: dict[str, FragmentDefinitionNode]) -> tuple[int, int]:
    depth = fields = 0
    for selection in node.selections if node else ():
        if isinstance(selection, FragmentSpreadNode):
            below, more = _followed(fragments[selection.name.value].selection_set, fragments)
        else:
            itself = isinstance(selection, FieldNode)
            below, more = _followed(selection.selection_set, fragments)  # type: ignore[attr-defined]
            below, more = below + itself, more + itself
        depth, fields = max(depth, below), fields + more
    return depth, fields


@given(_documents())
def test_measuring_once_gives_the_same_as_following_every_spread(document: str) -> None:
    parsed = parse(document)
    operation = parsed.definitions[0]
    fragments = {each.name.value: each for each in parsed.definitions if isinstance(each, FragmentDefinitionNode)}

    [size] = Measure(parsed).operations()
    assert (size.depth, size.fields) == _followed(operation.selection_set, fragments)  # type: ignore[attr-defined]
    if size.depth <= MAX_DEPTH:
        require_within_limits(parsed)
    else:
        with pytest.raises(Refused):
            require_within_limits(parsed)
