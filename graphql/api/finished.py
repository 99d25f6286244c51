"""Lists completed in one go, where nothing of them has to be waited for.

graphql-core completes every field of every row apart: a path, an info, a coroutine or not. Fifty rows of ten fields
cost it more than the database. Here the selection of a list is compiled into plain reads of what its items already
hold; and a page of rows is read column by column (`api.finished_rows`). A short list is not worth compiling for.

Only what cannot tell the difference is read so: fields without arguments, whose resolver, if they have one, is a plain
function of the source and the info's context. An object with any other field in it (a loader, an argument) is completed
by graphql-core; so is one in which anything goes wrong, because it says what and where. The bytes are the same.
"""

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

import strawberry
from graphql import (
    GraphQLAbstractType,
    GraphQLField,
    GraphQLObjectType,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_object_type,
)
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.types.field import StrawberryField

from api.finished_rows import AS_IT_IS, Read, Rows, Unusual, columns_of, from_rows, inside, leaf

WORTH_IT = 4
"""So many items take longer one by one than to find out how they can be completed together."""

_DEFINITION = "strawberry-definition"


class _Planned(NamedTuple):
    """A field of a plan: where it stands in the answer, how it is read and completed, whether it may be null."""

    key: str
    read: Read
    as_it_is: type | None
    complete: Read
    nullable: bool


class _Plan:
    """How objects of one type are completed for one selection."""

    def __init__(self, type_: GraphQLObjectType, rows: Rows | None, from_source: Callable[[], Read | None]) -> None:
        self._is_type_of: Any = type_.is_type_of
        self._rows = rows
        self._make = from_source
        self._from_source: Read | None = None

    def one(self, source: Any) -> Any:
        """Complete an object from its row, or else from its fields' resolvers."""
        if self._is_type_of and not self._is_type_of(source, None):
            raise Unusual
        columns = columns_of([source]) if self._rows else None
        if self._rows and columns:
            return self._rows(columns)[0]
        # Where there is a row this plan may never be needed.
        self._from_source = self._from_source or self._make()
        if not self._from_source:
            raise Unusual
        return self._from_source(source)

    def all(self, sources: Sequence[Any]) -> Sequence[Any]:
        """Complete the objects of a list."""
        columns = columns_of(sources) if self._rows else None
        return self._rows(columns) if self._rows and columns else [*map(self.one, sources)]


class Executor(StrawberryGraphQLCoreExecutionContext):
    """The executor of the schema: graphql-core's, which leaves lists without a wait to their plan."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # By type and selection, as graphql-core itself remembers selections; the list is kept, so that its id is too.
        self._plans: dict[tuple[GraphQLObjectType, int], tuple[Any, _Plan | None]] = {}
        # Somebody wants to hear of every field.
        self._watched = bool(self.middleware_manager and self.middleware_manager.middlewares)

    def complete_list_value(  # noqa: PLR0917  graphql-core's signature
        self, return_type: Any, field_details_list: Any, info: Any, path: Any, result: Any, position_context: Any
    ) -> Any:
        """Complete a list: in one go if there is a way, and it is long enough to be worth it."""
        if isinstance(result, Sequence) and len(result) >= WORTH_IT and not self._watched:
            finish = self._list(return_type, field_details_list, info)
            if finish:
                try:
                    return finish(result)
                except Exception:  # noqa: BLE001, S110 (graphql-core meets it again, and says what and where)
                    pass
        return super().complete_list_value(return_type, field_details_list, info, path, result, position_context)

    def _plan(self, type_: GraphQLObjectType, selection: Any, path: Any) -> _Plan | None:
        key = type_, id(selection)
        if key not in self._plans:
            self._plans[key] = selection, self._object(type_, selection, path)
        return self._plans[key][1]

    def _object(self, type_: GraphQLObjectType, selection: Any, path: Any) -> _Plan | None:
        rows = from_rows(self, type_, selection)
        read = None if rows else self._source(type_, selection, path)
        return _Plan(type_, rows, lambda: read or self._source(type_, selection, path)) if rows or read else None

    def _source(self, type_: GraphQLObjectType, selection: Any, path: Any) -> Read | None:
        planned: list[_Planned] = []
        for key, details in self.collect_subfields(type_, selection).grouped_field_set.items():
            field = type_.fields.get(details[0].node.name.value)
            if field is None:
                planned.append(_Planned(key, lambda _: type_.name, str, str, nullable=False))
                continue
            info = self.build_resolve_info(field, [each.node for each in details], type_, path)
            read = _reader(field, info)
            inner, nullable = inside(field.type)
            complete = read and self._value(inner, details, info)
            if not read or not complete:
                return None
            planned.append(_Planned(key, read, AS_IT_IS.get(inner), complete, nullable))

        def finish(source: Any) -> dict[str, Any]:
            answer = {}
            for key, read, as_it_is, complete, nullable in planned:
                value = read(source)
                if type(value) is not as_it_is:
                    if value is not None:
                        value = complete(value)
                    elif not nullable:
                        raise Unusual
                answer[key] = value
            return answer

        return finish

    def _value(self, type_: Any, selection: Any, info: Any) -> Read | None:
        """Return how a value of this type, not null, is completed."""
        if is_leaf_type(type_):
            return leaf(type_)
        if is_list_type(type_):
            return self._list(type_, selection, info)
        if is_abstract_type(type_):
            return self._abstract(type_, selection, info)
        plan = self._plan(type_, selection, info.path)
        return plan.one if plan else None

    def _list(self, type_: Any, selection: Any, info: Any) -> Read | None:
        inner, nullable = inside(type_.of_type)
        one = None if nullable else self._value(inner, selection, info)
        if not one:
            return None
        plan = self._plan(inner, selection, info.path) if is_object_type(inner) else None

        def finish(values: Any) -> Any:
            if not isinstance(values, (list, tuple)) or any(value is None for value in values):
                raise Unusual
            return plan.all(values) if plan else [*map(one, values)]

        return finish

    def _abstract(self, type_: GraphQLAbstractType, selection: Any, info: Any) -> Read:
        resolve: Any = type_.resolve_type or self.type_resolver

        def finish(value: Any) -> Any:
            name = getattr(value, "type_name", None) or resolve(value, info, type_)
            plan = self._plan(self.schema.type_map[name], selection, info.path)  # type: ignore[arg-type]
            if not plan:
                raise Unusual
            return plan.one(value)

        return finish


def _reader(field: GraphQLField, info: Any) -> Read | None:
    """Return how a field is read from its source, None if that takes more than the source."""
    declared: StrawberryField | None = field.extensions.get(_DEFINITION)
    if declared is None or field.args or declared.is_async or declared.extensions:
        return None
    resolver = declared.base_resolver
    if resolver is None:
        return attrgetter(declared.python_name)
    function: Any = resolver.wrapped_func
    if not resolver.info_parameter:
        return function  # type: ignore[no-any-return]
    about = strawberry.Info(_raw_info=info, _field=declared)
    return lambda source: function(source, about)
