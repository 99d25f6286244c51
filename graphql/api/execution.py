"""How a document is executed: read within limits, validated once, and every error of the answer coded.

GRAPHQL_PARSE_FAILED        the document is no GraphQL
QUERY_TOO_DEEP, _TOO_LARGE  it asks for too much: nothing of it was looked at
OPERATION_UNKNOWN           it does not have the one operation that was named
GRAPHQL_VALIDATION_FAILED   it does not fit the schema: unknown field, argument, value of an enum
BAD_USER_INPUT              a variable does not fit its type
(any code of `Refusal`)     a resolver refused
INTERNAL                    a bug: a number to quote, no detail; the log has the rest
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import uuid4

import strawberry
import structlog
from graphql import DocumentNode, GraphQLError, GraphQLSyntaxError, OperationDefinitionNode, parse, specified_rules
from strawberry.extensions import SchemaExtension
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.schema.schema import validate_document
from strawberry.types.execution import ExecutionContext, ExecutionResult, PreExecutionError
from strawberry.types.graphql import OperationType

from api.context import Context
from api.errors import query_error, refusal_of
from api.limits import MAX_TOKENS, require_within_limits, too_large
from domain.choices import Label, Language
from domain.refusals import Refusal, Refused

DOCUMENTS = 128
"""How many documents are kept parsed and validated: those of the front ends come again and again."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class _Document:
    node: DocumentNode
    problems: tuple[GraphQLError, ...]
    operations: int


class _Prepared(SchemaExtension):
    """Hands strawberry the document that is kept.

    Its own two caches hash the whole tree at each request: 0.2 ms for a document of a hundred fields.
    """

    def on_parse(self) -> Iterator[None]:
        self.execution_context.graphql_document = self._document.node
        yield

    def on_validate(self) -> Iterator[None]:
        self.execution_context.pre_execution_errors = list(self._document.problems)
        yield

    @property
    def _document(self) -> _Document:
        schema: Any = self.execution_context.schema
        document: _Document = schema.document(self.execution_context.query)
        return document


class Schema(strawberry.Schema):
    """A schema that is safe to show to the network; its context is a `Context`."""

    def __init__(
        self, query: type, *, mutation: type | None = None, types: Iterable[type] = (), **options: Any
    ) -> None:
        super().__init__(query, mutation, types=types, extensions=[_Prepared], **options)
        self.document = lru_cache(maxsize=DOCUMENTS)(self._read)

    async def execute(  # noqa: PLR0917  strawberry's signature
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Context | None = None,
        root_value: Any | None = None,
        operation_name: str | None = None,
        allowed_operation_types: Iterable[OperationType] | None = None,
        operation_extensions: dict[str, Any] | None = None,
    ) -> ExecutionResult:
        """Answer a document. Nothing is raised: what is wrong is coded, in the caller's language."""
        language = context_value.language if context_value else Language.IT
        try:
            self._require_one_operation(query or "", operation_name)
            result = await super().execute(
                query,
                variable_values,
                context_value,
                root_value,
                operation_name,
                allowed_operation_types,
                operation_extensions,
            )
        except (CannotGetOperationTypeError, InvalidOperationTypeError, GraphQLError, Refused) as error:
            result = PreExecutionError(data=None, errors=[_unplaced(error)])
        if result.errors:
            result.errors = _Coding(language, executed=not isinstance(result, PreExecutionError)).all(result.errors)
        return result

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Do nothing: `execute` codes the errors and logs what is a bug. Strawberry would log refusals, and values."""

    def _require_one_operation(self, query: str, operation_name: str | None) -> None:
        # Strawberry would take the first.
        if operation_name is None and self.document(query).operations > 1:
            raise Refused(Refusal.OPERATION_UNKNOWN)

    def _read(self, text: str) -> _Document:
        try:
            node = parse(text, max_tokens=MAX_TOKENS)
        except GraphQLSyntaxError as error:
            if error.message.endswith(f"more than {MAX_TOKENS} tokens. Parsing aborted."):
                raise too_large(Label(f"{MAX_TOKENS} parole", f"{MAX_TOKENS} tokens")) from None
            raise
        require_within_limits(node)
        problems = validate_document(self._schema, node, specified_rules)
        operations = sum(isinstance(definition, OperationDefinitionNode) for definition in node.definitions)
        return _Document(node=node, problems=tuple(problems), operations=operations)


def _unplaced(error: Exception) -> GraphQLError:
    match error:
        case GraphQLError():
            return error
        case InvalidOperationTypeError():
            error = Refused(Refusal.METHOD_NOT_ALLOWED)
        case CannotGetOperationTypeError():
            error = Refused(Refusal.OPERATION_UNKNOWN)
    return GraphQLError(str(error), original_error=error)


class _Coding:
    """Gives the errors of one answer their codes; `executed` tells a resolver's from those of reading the document."""

    def __init__(self, language: Language, *, executed: bool) -> None:
        self._language = language
        self._executed = executed
        self._request = ""

    def all(self, errors: list[GraphQLError]) -> list[GraphQLError]:
        return [self._coded(error) for error in errors]

    def _coded(self, error: GraphQLError) -> GraphQLError:
        cause = _cause(error)
        refused = refusal_of(cause)
        if refused:
            answer = query_error(refused, self._language)
            return _placed(error, answer.message, answer.extensions)
        if error.extensions and "code" in error.extensions:
            return error
        code = self._code(error, cause)
        return _placed(error, error.message, {"code": code}) if code else self._bug(error, cause)

    def _code(self, error: GraphQLError, cause: BaseException) -> str | None:
        if isinstance(cause, GraphQLSyntaxError):
            return "GRAPHQL_PARSE_FAILED"
        if not isinstance(cause, GraphQLError):
            return None
        if not self._executed:
            return "GRAPHQL_VALIDATION_FAILED"
        # While executing, graphql-core blames the caller for a variable (no path) or an argument (which the cause
        # points at); what it says of a value that a resolver returned points at nothing, and quotes it.
        return "BAD_USER_INPUT" if not error.path or cause.nodes else None

    def _bug(self, error: GraphQLError, cause: BaseException) -> GraphQLError:
        if not self._request:  # one log entry an answer, of the first: the others are mostly the same one again
            self._request = log_bug(cause, field=".".join(map(str, error.path or ())))
        answer = query_error(Refused(Refusal.INTERNAL, request=self._request), self._language)
        return _placed(error, answer.message, {"code": "INTERNAL", "requestId": self._request})


def log_bug(error: BaseException, /, *, field: str = "") -> str:
    """Log what nobody expected, with its trace, and return the number by which a caller can speak of it."""
    request = uuid4().hex
    _log.error("unexpected", request=request, field=field, exc_info=error)
    return request


def _cause(error: GraphQLError) -> BaseException:
    """Return what lies behind an error, itself if nothing does."""
    inner: BaseException = error
    while isinstance(inner, GraphQLError) and inner.original_error:
        inner = inner.original_error
    return inner


def _placed(error: GraphQLError, message: str, extensions: dict[str, Any] | None) -> GraphQLError:
    return GraphQLError(message, error.nodes, error.source, error.positions, error.path, extensions=extensions)
