"""GraphQL over HTTP: who asks, what is asked, and an answer of the media type and status that the specification says.

https://graphql.github.io/graphql-over-http/draft/

A request that cannot be read, or is nobody's, has a 4xx status and the same body as any other error:
`{"errors": [{"message", "extensions": {"code"}}]}`. One that was read is answered with 200; only a client that accepts
`application/graphql-response+json` hears by a 400 that its document was refused as a whole.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from html import escape
from importlib.resources import files
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send
from strawberry.types.execution import ExecutionResult
from strawberry.types.graphql import OperationType

from api.context import Context, Services
from api.errors import query_error
from api.execution import Schema, log_bug
from api.identity import verify
from domain.choices import Language
from domain.refusals import Refusal, Refused

MAX_BODY_BYTES = 2**20
"""No more of a body than this is kept."""

HEARD_OUT_BYTES = 2**23
"""So much of a larger one is let pass, so that its client is still there to hear why; then the connection is closed."""

_RESPONSE = "application/graphql-response+json"
_JSON = "application/json"
_MEDIA_TYPES = {_RESPONSE: _RESPONSE, _JSON: _JSON, "application/*": _JSON, "*/*": _JSON}
_STATUS = {
    Refusal.UNAUTHENTICATED.name: 401,
    Refusal.SIGNATURE_INVALID.name: 401,
    Refusal.SIGNATURE_STALE.name: 401,
    Refusal.NOT_FOUND.name: 404,
    Refusal.METHOD_NOT_ALLOWED.name: 405,
    Refusal.REQUEST_TOO_LARGE.name: 413,
    Refusal.MEDIA_TYPE_UNSUPPORTED.name: 415,
    Refusal.INTERNAL.name: 500,
    Refusal.STORE_UNAVAILABLE.name: 503,
    Refusal.ENGINE_UNAVAILABLE.name: 503,
}
_HEADERS = {
    401: {"WWW-Authenticate": "Bearer"},
    405: {"Allow": "GET, POST"},
    413: {"Connection": "close"},
}
_PAGE = files("api").joinpath("page.html").read_text("utf-8")


class GraphQLEndpoint:
    """An ASGI application. It raises nothing: a bug is logged and answered as INTERNAL."""

    def __init__(self, schema: Schema, services: Services) -> None:
        self._schema = schema
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except Refused as refused:
            response = refusal(request, refused)
        except ClientDisconnect:
            return
        except Exception as error:  # noqa: BLE001  the last resort of whoever asks
            response = refusal(request, Refused(Refusal.INTERNAL, request=log_bug(error)))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if request.method not in {"GET", "POST"}:
            raise Refused(Refusal.METHOD_NOT_ALLOWED)
        if request.method == "GET" and not request.query_params and "text/html" in _header(request, "Accept"):
            return HTMLResponse(_PAGE.replace("{url}", escape(str(request.url.replace(query="")))))
        now = self._services.clock()
        context = Context(
            identity=verify(self._services.token_secret, _bearer(request), now=now),
            language=language_of(request),
            now=now,
            services=self._services,
        )
        asked = await _asked(request)
        result = await self._schema.execute(
            asked.query,
            variable_values=asked.variables,
            context_value=context,
            operation_name=asked.operation_name,
            allowed_operation_types=OperationType.from_http("GET" if request.method == "GET" else "POST"),
        )
        return _response(result, _media_type(request))


def refusal(request: Request, refused: Refused, /) -> Response:
    """Return the answer to a request that was not even executed."""
    status = _STATUS.get(refused.code, 400)
    error = query_error(refused, language_of(request))
    return _json({"errors": [error.formatted]}, _media_type(request), status)


def language_of(request: Request, /) -> Language:
    """Return the language that the caller prefers among ours; Italian if they do not say."""
    spoken = (tag.partition("-")[0] for tag in _by_preference(_header(request, "Accept-Language")))
    return next((Language(each) for each in spoken if each in set(Language)), Language.IT)


class _Asked(BaseModel):
    model_config = ConfigDict(strict=True)

    query: Annotated[str, Field(min_length=1)]
    variables: dict[str, Any] | None = None
    operation_name: Annotated[str | None, Field(alias="operationName")] = None
    extensions: dict[str, Any] | None = None


async def _asked(request: Request) -> _Asked:
    try:
        if request.method == "GET":
            return _Asked.model_validate(_from_url(request.query_params))
        if _header(request, "Content-Type").partition(";")[0].strip() != _JSON:
            raise Refused(Refusal.MEDIA_TYPE_UNSUPPORTED)
        return _Asked.model_validate_json(await body_of(request))
    except ValidationError as invalid:
        raise Refused(Refusal.REQUEST_MALFORMED, problem=problem_of(invalid)) from None
    except orjson.JSONDecodeError as error:
        raise Refused(Refusal.REQUEST_MALFORMED, problem=error.msg) from None


def problem_of(invalid: ValidationError, /) -> str:
    """Return the first thing that is wrong with what was sent, and where; nothing of it is quoted."""
    first = invalid.errors(include_url=False, include_input=False, include_context=False)[0]
    return ": ".join([*map(str, first["loc"]), first["msg"]])


def _from_url(parameters: Mapping[str, str]) -> dict[str, Any]:
    read: dict[str, Callable[[str], Any]] = {"variables": orjson.loads, "extensions": orjson.loads}
    return {name: read.get(name, str)(value) for name, value in parameters.items() if value}


async def body_of(request: Request, /) -> bytes:
    """Return what was sent, up to MAX_BODY_BYTES; raises Refused beyond."""
    body, size = bytearray(), 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= MAX_BODY_BYTES:
            body += chunk
        elif size > HEARD_OUT_BYTES:
            break
    if size > MAX_BODY_BYTES:
        raise Refused(Refusal.REQUEST_TOO_LARGE, most=MAX_BODY_BYTES)
    return bytes(body)


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise Refused(Refusal.UNAUTHENTICATED)
    return token.strip()


def _response(result: ExecutionResult, media_type: str) -> Response:
    errors = [error.formatted for error in result.errors or ()]
    if not errors:
        return _json({"data": result.data}, media_type, 200)
    if result.data is not None or any("path" in error for error in errors):
        return _json({"errors": errors, "data": result.data}, media_type, 200)
    refused = 400 if media_type == _RESPONSE else 200
    status = _STATUS.get(errors[0]["extensions"]["code"], refused)
    return _json({"errors": errors}, media_type, status)


def _json(content: Mapping[str, Any], media_type: str, status: int) -> Response:
    headers = {"Cache-Control": "no-store", **_HEADERS.get(status, {})}
    return Response(orjson.dumps(content, default=_exact), status, headers, f"{media_type}; charset=utf-8")


def _exact(value: object) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in an answer")


def _media_type(request: Request) -> str:
    accepted = _by_preference(_header(request, "Accept"))
    return next((_MEDIA_TYPES[each] for each in accepted if each in _MEDIA_TYPES), _JSON)


def _header(request: Request, name: str) -> str:
    return ",".join(request.headers.getlist(name)).lower()


def _by_preference(header: str) -> list[str]:
    """Return the names in a header with qualities (`it;q=0.5, en`), the one liked best first."""
    liked: list[tuple[float, str]] = []
    for part in header.split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        quality = next((piece.removeprefix("q=") for piece in parameters if piece.startswith("q=")), "1")
        try:
            liked.append((float(quality), name))
        except ValueError:
            continue
    return [name for quality, name in sorted(liked, key=lambda each: -each[0]) if quality > 0]
