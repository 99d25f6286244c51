"""Objects completed in one go, where nothing of them has to be waited for.

graphql-core completes every field of every row apart: a path, an info, a coroutine or not. Fifty rows of ten fields
cost it more than the database. Here a selection is compiled once a request into plain reads of what the source already
holds, and each row is a loop over them.

Only what cannot tell the difference is read so: fields without arguments, whose resolver, if they have one, is a plain
function of the source and the info's context. An object with any other field in it (a loader, an argument) is completed
by graphql-core; so is one in which anything goes wrong, because it says what and where. The bytes are the same.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple

import strawberry
from graphql import (
    GraphQLAbstractType,
    GraphQLBoolean,
    GraphQLField,
    GraphQLID,
    GraphQLLeafType,
    GraphQLObjectType,
    GraphQLString,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.schema.schema_converter import CustomGraphQLEnumType
from strawberry.types.field import StrawberryField

from api.told import TOLD, Refers, Told

Read = Callable[[Any], Any]
"""From a source to a value; or from a value to what stands in the answer."""

_DEFINITION = "strawberry-definition"
_AS_IT_IS: Mapping[Any, type] = {GraphQLString: str, GraphQLID: str, GraphQLBoolean: bool}
"""The scalars whose values of this very type stand in the answer as they are."""


class _Unusual(Exception):
    """Something that graphql-core has a word for: a null where there may be none, an unknown type."""


class _Planned(NamedTuple):
    """A field of a plan: where it stands in the answer, how it is read and completed, whether it may be null."""

    key: str
    read: Read
    as_it_is: type | None
    complete: Read
    nullable: bool


class Executor(StrawberryGraphQLCoreExecutionContext):
    """The executor of the schema: graphql-core's, which leaves objects without a wait to their plan."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # By type and selection, as graphql-core itself remembers selections; the list is kept, so that its id is too.
        self._plans: dict[tuple[GraphQLObjectType, int], tuple[Any, Read | None]] = {}
        # Somebody wants to hear of every field.
        self._watched = bool(self.middleware_manager and self.middleware_manager.middlewares)

    def collect_and_execute_subfields(
        self, return_type: GraphQLObjectType, field_details_list: Any, path: Any, result: Any, position_context: Any
    ) -> Any:
        """Complete an object: in one go if it has a plan."""
        plan = None if self._watched else self._plan(return_type, field_details_list, path)
        if plan:
            try:
                return plan(result)
            except Exception:  # noqa: BLE001, S110 (graphql-core meets it again, and says what and where)
                pass
        return super().collect_and_execute_subfields(return_type, field_details_list, path, result, position_context)

    def _plan(self, type_: GraphQLObjectType, selection: Any, path: Any) -> Read | None:
        key = type_, id(selection)
        if key not in self._plans:
            self._plans[key] = selection, self._object(type_, selection, path)
        return self._plans[key][1]

    def _object(self, type_: GraphQLObjectType, selection: Any, path: Any) -> Read | None:
        from_row = self._row(type_, selection, path)
        from_source = self._source(type_, selection, path)
        is_type_of = type_.is_type_of

        def finish(source: Any) -> Any:
            if is_type_of and not is_type_of(source, None):  # type: ignore[arg-type]
                raise _Unusual
            row = getattr(source, "row", None) if from_row else None
            if row is not None:
                return from_row(row)  # type: ignore[misc]
            return from_source(source)  # type: ignore[misc]

        return finish if from_row or from_source else None

    # From what its resolvers return.

    def _source(self, type_: GraphQLObjectType, selection: Any, path: Any) -> Read | None:
        planned: list[_Planned] = []
        for key, details in self.collect_subfields(type_, selection).grouped_field_set.items():
            field = type_.fields.get(details[0].node.name.value)
            if field is None:
                planned.append(_Planned(key, lambda _: type_.name, str, str, nullable=False))
                continue
            info = self.build_resolve_info(field, [each.node for each in details], type_, path)
            read = _reader(field, info)
            inner, nullable = _inside(field.type)
            complete = read and self._value(inner, details, info)
            if not read or not complete:
                return None
            planned.append(_Planned(key, read, _AS_IT_IS.get(inner), complete, nullable))

        def finish(source: Any) -> dict[str, Any]:
            answer = {}
            for key, read, as_it_is, complete, nullable in planned:
                value = read(source)
                if type(value) is not as_it_is:
                    if value is not None:
                        value = complete(value)
                    elif not nullable:
                        raise _Unusual
                answer[key] = value
            return answer

        return finish

    def _value(self, type_: Any, selection: Any, info: Any) -> Read | None:
        """Return how a value of this type, not null, is completed."""
        if is_leaf_type(type_):
            return _leaf(type_)
        if is_list_type(type_):
            return self._list(type_.of_type, selection, info)
        if is_abstract_type(type_):
            return self._abstract(type_, selection, info)
        return self._plan(type_, selection, info.path)

    def _list(self, type_: Any, selection: Any, info: Any) -> Read | None:
        complete = self._value(type_.of_type, selection, info) if is_non_null_type(type_) else None

        def finish(values: Any) -> list[Any]:
            if not isinstance(values, (list, tuple)) or any(value is None for value in values):
                raise _Unusual
            return [*map(complete, values)]  # type: ignore[arg-type]

        return complete and finish

    def _abstract(self, type_: GraphQLAbstractType, selection: Any, info: Any) -> Read | None:
        possible = self.schema.get_possible_types(type_)
        plans = {each.name: self._plan(each, selection, info.path) for each in possible}
        resolve: Any = type_.resolve_type or self.type_resolver

        def finish(value: Any) -> Any:
            plan = plans[getattr(value, "type_name", None) or resolve(value, info, type_)]
            if not plan:
                raise _Unusual
            return plan(value)

        return finish if any(plans.values()) else None

    # From the columns of its row.

    def _row(self, type_: GraphQLObjectType, selection: Any, path: Any, prefix: str = "") -> Read | None:
        cells: list[tuple[str, Read, Read]] = []
        for key, details in self.collect_subfields(type_, selection).grouped_field_set.items():
            name = details[0].node.name.value
            if name == "__typename":
                cells.append((key, _itself, lambda _: type_.name))
                continue
            inner, nullable = _inside(type_.fields[name].type)
            match TOLD.get(type_.name, {}).get(name):
                case Told() as told:
                    cells.append((key, _take(prefix, told.columns), self._told(told, inner, nullable=nullable)))
                case Refers() as refers:
                    below = self._referred(refers, inner, details, path, prefix)
                    if not below:
                        return None
                    cells.append((key, _itself, below))
                case None:
                    return None
        return lambda row: {key: complete(take(row)) for key, take, complete in cells}

    def _told(self, told: Told, type_: Any, *, nullable: bool) -> Read:
        tell, context, complete, one = told.tell, self.context_value, _leaf(type_), len(told.columns) == 1

        def finish(values: Any) -> Any:
            value = tell(context, values) if one else tell(context, *values)
            if value is None and not nullable:
                raise _Unusual
            return None if value is None else complete(value)

        return _Once(finish).__getitem__

    def _referred(self, refers: Refers, type_: Any, selection: Any, path: Any, prefix: str) -> Read | None:
        prefix = f"{prefix}{refers.reference}__"
        possible = self.schema.get_possible_types(type_) if is_abstract_type(type_) else [type_]
        plans = {each.name: self._row(each, selection, path, prefix) for each in possible}
        identity, columns, type_name = _take(prefix, ("id",)), _take(prefix, refers.columns), refers.type_name

        def finish(row: Any) -> Any:
            if identity(row) is None:
                return None
            plan = plans[type_name(columns(row)) if type_name else type_.name]
            if not plan:
                raise _Unusual
            return plan(row)

        return finish if any(plans.values()) else None


class _Once(dict[Any, Any]):
    """What columns become in the answer: worked out once for all the rows in which they hold the same."""

    def __init__(self, finish: Read) -> None:
        self._finish = finish

    def __missing__(self, values: Any) -> Any:
        finished = self[values] = self._finish(values)
        return finished


def _take(prefix: str, columns: Sequence[str]) -> Read:
    return attrgetter(*(prefix + column for column in columns)) if columns else _itself


def _itself(value: Any) -> Any:
    return value


def _inside(type_: Any) -> tuple[Any, bool]:
    """Return the type without its `!`, and whether it may be null."""
    return (type_.of_type, False) if is_non_null_type(type_) else (type_, True)


def _leaf(type_: GraphQLLeafType) -> Read:
    return _names(type_).__getitem__ if isinstance(type_, CustomGraphQLEnumType) else type_.coerce_output_value


@cache
def _names(type_: CustomGraphQLEnumType) -> Mapping[Any, str]:
    """Return the name of each member; strawberry's own way looks through all of them each time."""
    members: Any = type_.wrapped_cls
    return {member: type_.coerce_output_value(member) for member in members}


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
