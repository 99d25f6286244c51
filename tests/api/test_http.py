import json
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from structlog.testing import capture_logs

from api.http import MAX_BODY_BYTES
from tests.api.small import STAFF, client, served

RESPONSE = "application/graphql-response+json"
JSON = "application/json"


@pytest.fixture(scope="module")
async def app() -> Starlette:
    return await served()


async def _ask(app: Starlette, body: Any, /, **headers: str) -> httpx.Response:
    """POST a body: bytes as they are, anything else as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with client(app) as asking:
        return await asking.post("/graphql", content=content, headers={"Content-Type": JSON} | headers)


async def _get(app: Starlette, parameters: dict[str, str], /, **headers: str) -> httpx.Response:
    async with client(app) as asking:
        return await asking.get("/graphql", params=parameters, headers=headers)


def _code(answer: httpx.Response) -> str:
    """The code of the one error of an answer that has no data."""
    assert answer.headers["Content-Type"].split(";")[0] in {JSON, RESPONSE}
    body = answer.json()
    assert set(body) == {"errors"}
    [error] = body["errors"]
    assert error["message"]
    assert "Traceback" not in answer.text
    code: str = error["extensions"]["code"]
    return code


# Who asks.


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer ", "Basic bWFyaW86cm9zc2k=", "Bearer x.y.z", "x"])
async def test_who_has_no_good_token_is_told_so(app: Starlette, authorization: str) -> None:
    answer = await _ask(app, {"query": "{ who }"}, Authorization=authorization)

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert _code(answer) == "UNAUTHENTICATED"


async def test_who_has_no_token_cannot_even_read_the_schema(app: Starlette) -> None:
    answer = await _ask(app, {"query": "{ __schema { types { name } } }"}, Authorization="")

    assert answer.status_code == 401


async def test_a_token_makes_the_caller_known(app: Starlette) -> None:
    answer = await _ask(app, {"query": "{ who }"})

    assert answer.json() == {"data": {"who": str(STAFF)}}


@pytest.mark.parametrize(
    ("accepted", "said"),
    [
        ("", "Identificativo"),
        ("it", "Identificativo"),
        ("en-GB,en;q=0.9,it;q=0.8", "Invalid id"),
        ("de, en;q=0.5", "Invalid id"),
        ("de", "Identificativo"),
        ("it;q=0, en;q=0.1", "Invalid id"),
        ("en;q=high, it", "Identificativo"),
    ],
)
async def test_refusals_are_in_the_caller_s_language(app: Starlette, accepted: str, said: str) -> None:
    answer = await _ask(app, {"query": "{ refused }"}, **{"Accept-Language": accepted})

    assert answer.json()["errors"][0]["message"].startswith(said)


# What is answered, as https://graphql.github.io/graphql-over-http/draft/ says.


@pytest.mark.parametrize(
    ("accepted", "answered"),
    [
        (RESPONSE, RESPONSE),
        (JSON, JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("text/event-stream", JSON),
        (f"{RESPONSE}, {JSON};q=0.9", RESPONSE),
        (f"{RESPONSE};q=0.5, {JSON}", JSON),
        (f"text/event-stream, multipart/mixed, {RESPONSE}; charset=utf-8", RESPONSE),
    ],
)
async def test_the_media_type_is_the_one_that_the_client_likes_best(
    app: Starlette, accepted: str, answered: str
) -> None:
    answer = await _ask(app, {"query": "{ name }"}, Accept=accepted)

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == f"{answered}; charset=utf-8"
    assert answer.json() == {"data": {"name": "leaf"}}


async def test_without_an_accept_header_it_is_json(app: Starlette) -> None:
    async with client(app) as asking:
        del asking.headers["Accept"]
        answer = await asking.get("/graphql", params={"query": "{ name }"})

    assert answer.headers["Content-Type"] == f"{JSON}; charset=utf-8"
    assert answer.json() == {"data": {"name": "leaf"}}


@pytest.mark.parametrize("parameter", ["variables", "operationName", "extensions"])
async def test_what_may_be_left_out_may_be_null(app: Starlette, parameter: str) -> None:
    answer = await _ask(app, {"query": "{ name }", parameter: None})

    assert answer.json() == {"data": {"name": "leaf"}}


async def test_variables_extensions_and_the_name_of_an_operation_are_taken(app: Starlette) -> None:
    query = "query A { name } query B($word: String!) { echo(word: $word) }"
    asked = {"query": query, "operationName": "B", "variables": {"word": "perché €"}, "extensions": {"some": 1}}

    answer = await _ask(app, asked, **{"Content-Type": "application/json; charset=utf-8"})

    assert answer.json() == {"data": {"echo": "perché €"}}


async def test_a_query_may_come_by_get(app: Starlette) -> None:
    query = "query ($word: String!) { echo(word: $word) }"

    answer = await _get(app, {"query": query, "variables": '{"word": "hello"}', "operationName": ""})

    assert answer.json() == {"data": {"echo": "hello"}}


@pytest.mark.parametrize("accepted", [JSON, RESPONSE])
async def test_a_mutation_may_not_come_by_get(app: Starlette, accepted: str) -> None:
    answer = await _get(app, {"query": "mutation { write }"}, Accept=accepted)

    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]
    assert _code(answer) == "METHOD_NOT_ALLOWED"
    assert (await _ask(app, {"query": "mutation { write }"})).json() == {"data": {"write": "written"}}


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_no_other_method_is_known(app: Starlette, method: str) -> None:
    async with client(app) as asking:
        answer = await asking.request(method, "/graphql")

    assert answer.status_code == 405
    assert _code(answer) == "METHOD_NOT_ALLOWED"


BAD_DOCUMENTS = [
    ("{", "GRAPHQL_PARSE_FAILED"),
    ('{ echo(word: "\\ud800") }', "GRAPHQL_PARSE_FAILED"),
    ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
    ("{ paint(paint: {colour: BLUE, litres: 1}) }", "GRAPHQL_VALIDATION_FAILED"),
    ('{ paint(paint: {colour: RED, litres: "1"}) }', "GRAPHQL_VALIDATION_FAILED"),
    ('{ day(day: "2026-13-01") }', "GRAPHQL_VALIDATION_FAILED"),
    ("{ echo }", "GRAPHQL_VALIDATION_FAILED"),
    ("subscription { name }", "GRAPHQL_VALIDATION_FAILED"),
    ("fragment F on Query { name }", "OPERATION_UNKNOWN"),
    ("query A { name } query B { name }", "OPERATION_UNKNOWN"),
    ("{ ...F } fragment F on Query { ...F }", "GRAPHQL_VALIDATION_FAILED"),
]


@pytest.mark.parametrize(("document", "code"), BAD_DOCUMENTS)
async def test_a_document_that_is_refused_is_200_to_old_clients_and_400_to_new_ones(
    app: Starlette, document: str, code: str
) -> None:
    old = await _ask(app, {"query": document}, Accept=JSON)
    new = await _ask(app, {"query": document}, Accept=RESPONSE)

    assert (old.status_code, new.status_code) == (200, 400)
    assert _code(old) == _code(new) == code


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("query ($p: Paint!) { paint(paint: $p) }", {"p": {"colour": "BLUE", "litres": 1}}),
        ("query ($p: Paint!) { paint(paint: $p) }", {"p": {"colour": "RED", "litres": "one"}}),
        ("query ($p: Paint!) { paint(paint: $p) }", {"p": {"colour": "RED", "litres": 2**40}}),
        ("query ($p: Paint!) { paint(paint: $p) }", {"p": {"colour": "RED", "litres": 1, "more": 1}}),
        ("query ($p: Paint!) { paint(paint: $p) }", {"p": 1}),
        ("query ($p: Paint!) { paint(paint: $p) }", None),
        ("query ($d: Date!) { day(day: $d) }", {"d": "yesterday"}),
        ("query ($d: Date!) { day(day: $d) }", {"d": 10**30}),
        ("query ($w: String!) { echo(word: $w) }", {"w": {"deep": [[[[]]]]}}),
    ],
)
async def test_a_variable_that_does_not_fit_its_type_is_bad_input(app: Starlette, query: str, variables: Any) -> None:
    answer = await _ask(app, {"query": query, "variables": variables}, Accept=RESPONSE)

    assert answer.status_code == 400
    assert _code(answer) == "BAD_USER_INPUT"


async def test_an_argument_left_null_by_a_variable_is_bad_input(app: Starlette) -> None:
    answer = await _ask(app, {"query": 'query ($w: String = "a") { echo(word: $w) }', "variables": {"w": None}})

    assert answer.json()["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}


async def test_amounts_are_exact(app: Starlette) -> None:
    assert (await _ask(app, {"query": "{ amount }"})).json() == {"data": {"amount": "1200.50"}}


async def test_answers_are_kept_by_nobody_on_the_way(app: Starlette) -> None:
    assert (await _ask(app, {"query": "{ name }"})).headers["Cache-Control"] == "no-store"


# What cannot be read.


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"NONSENSE",
        b'{"query": "{ name }"',
        b'{"query": "\xff"}',
        b'{"query": "{ name }", "variables": {"word": "\\ud800"}}',
        b"[" * 100_000,
        b'{"query": "{ name }", "variables": ' + b'{"a":' * 10_000,
        b"\x00" * 1000,
        [],
        [{"query": "{ name }"}, {"query": "{ name }"}],
        None,
        1,
        "{ name }",
        {},
        {"qeury": "{ name }"},
        {"query": None},
        {"query": ""},
        {"query": 1},
        {"query": False},
        {"query": ["{ name }"]},
        {"query": {"kind": "Document"}},
        *(
            {"query": "{ name }", parameter: value}
            for parameter in ("variables", "extensions")
            for value in ("string", 0, False, ["array"])
        ),
        *({"query": "{ name }", "operationName": value} for value in ({"obj": "ect"}, 0, False, ["array"])),
    ],
    ids=lambda body: str(body)[:60],
)
@pytest.mark.parametrize("accepted", [JSON, RESPONSE])
async def test_a_body_that_cannot_be_read_is_refused(app: Starlette, body: Any, accepted: str) -> None:
    answer = await _ask(app, body, Accept=accepted)

    assert answer.status_code == 400
    assert _code(answer) == "REQUEST_MALFORMED"


@pytest.mark.parametrize(
    "parameters",
    [{"query": ""}, {"query": "{ name }", "variables": "{"}, {"query": "{ name }", "variables": "[1]"}, {"x": "1"}],
)
async def test_an_address_that_cannot_be_read_is_refused(app: Starlette, parameters: dict[str, str]) -> None:
    answer = await _get(app, parameters)

    assert answer.status_code == 400
    assert _code(answer) == "REQUEST_MALFORMED"


@pytest.mark.parametrize(
    "media_type", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "x"]
)
async def test_only_json_is_taken(app: Starlette, media_type: str) -> None:
    answer = await _ask(app, {"query": "{ name }"}, **{"Content-Type": media_type})

    assert answer.status_code == 415
    assert _code(answer) == "MEDIA_TYPE_UNSUPPORTED"


async def test_a_body_of_a_mebibyte_is_read_and_a_byte_more_is_not(app: Starlette) -> None:
    def body(size: int) -> bytes:
        empty = b'{"query": "query ($w: String!) { echo(word: $w) }", "variables": {"w": ""}}'
        return empty.replace(b'""', b'"' + b"x" * (size - len(empty)) + b'"')

    most = await _ask(app, body(MAX_BODY_BYTES))
    more = await _ask(app, body(MAX_BODY_BYTES + 1))

    assert len(most.json()["data"]["echo"]) > 2**19
    assert more.status_code == 413
    assert _code(more) == "REQUEST_TOO_LARGE"


# What goes wrong.


async def test_a_refusal_has_its_code_its_path_and_its_place(app: Starlette) -> None:
    answer = await _ask(app, {"query": "{ name refused }"})

    assert answer.status_code == 200
    assert answer.json() == {
        "data": {"name": "leaf", "refused": None},
        "errors": [
            {
                "message": "Invalid id: use the one that the service gave (Staff).",
                "locations": [{"line": 1, "column": 8}],
                "path": ["refused"],
                "extensions": {"code": "ID_INVALID", "path": ["servedBy"]},
            }
        ],
    }


@pytest.mark.parametrize("document", ['{ name bug(secret: "Mario Rossi") }', "{ name unprintable }"])
async def test_a_bug_is_logged_once_and_says_nothing(app: Starlette, document: str) -> None:
    with capture_logs() as logged:
        answer = await _ask(app, {"query": document})

    [error] = answer.json()["errors"]
    number = error["extensions"]["requestId"]
    assert answer.json()["data"]["name"] == "leaf"
    assert error["extensions"] == {"code": "INTERNAL", "requestId": number}
    assert error["message"].startswith("An unexpected error")
    assert number in error["message"]
    assert "Rossi" not in answer.text
    [entry] = logged
    assert entry["request"] == number
    assert entry["field"] == error["path"][0]
    assert isinstance(entry["exc_info"], Exception)
    assert "Rossi" not in str({name: value for name, value in entry.items() if name != "exc_info"})


async def test_a_bug_at_the_root_leaves_no_data(app: Starlette) -> None:
    with capture_logs() as logged:
        answer = await _ask(app, {"query": "{ a: requiredBug b: requiredBug }"}, Accept=RESPONSE)

    assert answer.status_code == 200
    assert answer.json()["data"] is None
    assert {error["extensions"]["code"] for error in answer.json()["errors"]} == {"INTERNAL"}
    assert len(logged) == 1


async def test_refusals_and_bad_input_are_not_logged(app: Starlette) -> None:
    with capture_logs() as logged:
        for document, _ in BAD_DOCUMENTS:
            await _ask(app, {"query": document})
        await _ask(app, {"query": "{ refused }"})
        await _ask(app, b"NONSENSE")

    assert logged == []


async def test_postgresql_away_is_said(app: Starlette) -> None:
    answer = await _ask(app, {"query": "{ name stored }"})

    assert answer.json()["data"] == {"name": "leaf", "stored": None}
    assert answer.json()["errors"][0]["extensions"]["code"] == "STORE_UNAVAILABLE"
