"""Objects completed in one go, where nothing of them has to be waited for.

graphql-core completes every field of every row apart: a path, an info, a coroutine or not. Fifty rows of ten fields
cost it more than the database. Here a selection is compiled once a request into plain reads of what the source already
holds, and each row is a loop over them.

Only what cannot tell the difference is read so: fields without arguments, whose resolver, if they have one, is a plain
function of the source and the info's context. An object with any other field in it (a loader, an argument) is completed
by graphql-core; so is one in which anything goes wrong, because it says what and where. The bytes are the same.
"""

from collections.abc import Callable
from operator import attrgetter
from typing import Any

import strawberry
from graphql import (
    GraphQLAbstractType,
    GraphQLField,
    GraphQLObjectType,
    GraphQLOutputType,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.types.field import StrawberryField

Read = Callable[[Any], Any]
"""From a source to a value; or from a value to what stands in the answer."""

_DEFINITION = "strawberry-definition"


class _Unusual(Exception):
    """Something that graphql-core has a word for: a null where there may be none, an unknown type."""


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
        fields: list[tuple[str, Read, Read]] = []
        for key, details in self.collect_subfields(type_, selection).grouped_field_set.items():
            name = details[0].node.name.value
            if name == "__typename":
                fields.append((key, _itself, lambda _: type_.name))
                continue
            field = type_.fields[name]
            info = self.build_resolve_info(field, [each.node for each in details], type_, path)
            read = _reader(field, info)
            complete = read and self._value(field.type, details, info)
            if not read or not complete:
                return None
            fields.append((key, read, complete))
        is_type_of = type_.is_type_of

        def finish(source: Any) -> dict[str, Any]:
            if is_type_of and not is_type_of(source, info):
                raise _Unusual
            return {key: complete(read(source)) for key, read, complete in fields}

        return finish

    def _value(self, type_: GraphQLOutputType, selection: Any, info: Any) -> Read | None:
        if not is_non_null_type(type_):
            complete = self._present(type_, selection, info)
            return complete and (lambda value: None if value is None else complete(value))
        complete = self._present(type_.of_type, selection, info)

        def required(value: Any) -> Any:
            if value is None:
                raise _Unusual
            return complete(value)

        return complete and required

    def _present(self, type_: GraphQLOutputType, selection: Any, info: Any) -> Read | None:
        if is_leaf_type(type_):
            coerce: Read = type_.coerce_output_value
            return coerce
        if is_list_type(type_):
            item = self._value(type_.of_type, selection, info)
            return item and (lambda values: [item(value) for value in _listed(values)])
        if is_abstract_type(type_):
            return self._abstract(type_, selection, info)
        return self._plan(type_, selection, info.path)

    def _abstract(self, type_: GraphQLAbstractType, selection: Any, info: Any) -> Read | None:
        plans = {
            possible.name: self._plan(possible, selection, info.path)
            for possible in self.schema.get_possible_types(type_)
        }
        resolve = type_.resolve_type or self.type_resolver

        def finish(value: Any) -> Any:
            plan = plans[resolve(value, info, type_)]
            if not plan:
                raise _Unusual
            return plan(value)

        return finish if any(plans.values()) else None


def _reader(field: GraphQLField, info: Any) -> Read | None:
    """Return how a field is read from its source, None if that takes more than the source."""
    declared: StrawberryField | None = field.extensions.get(_DEFINITION)
    if declared is None or field.args or declared.is_async or declared.extensions:
        return None
    resolver = declared.base_resolver
    if resolver is None:
        return attrgetter(declared.python_name)
    function = resolver.wrapped_func
    if not resolver.info_parameter:
        return function
    about = strawberry.Info(_raw_info=info, _field=declared)
    return lambda source: function(source, about)


def _itself(value: Any) -> Any:
    return value


def _listed(values: Any) -> Any:
    if not isinstance(values, (list, tuple)):
        raise _Unusual
    return values
