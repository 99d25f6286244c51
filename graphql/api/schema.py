"""The whole schema, from the declarations of processes and register."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

import strawberry
from graphql import lexicographic_sort_schema, print_schema
from pydantic import Field
from strawberry.schema.config import StrawberryConfig

from api import assignments, notes, notices, policies, register, reminders, steps, task_done
from api import processes as process_types
from api.context import Info
from api.derive import LOADERS, Fields, make, resolved
from api.execution import Schema
from api.finished import Executor
from api.ids import decode
from api.nodes import Node
from api.queries import queries
from domain.process import Process
from domain.processes import PROCESSES
from domain.record import read_value
from store.pages import MOST


def build(processes: Sequence[type[Process]] = PROCESSES) -> Schema:
    """Return the schema of these processes, the product's own unless a test adds another."""
    types = process_types.types(processes)
    mutations = {
        **steps.mutations(processes),
        **register.mutations(),
        **notes.MUTATIONS,
        **assignments.MUTATIONS,
        **policies.MUTATIONS,
        **task_done.MUTATIONS,
        **reminders.MUTATIONS,
        **notices.MUTATIONS,
    }
    return Schema(
        make("Query", {**_nodes(), **queries(processes)}),
        mutation=make("Mutation", mutations),
        types=[*types, *register.types()],
        config=StrawberryConfig(auto_camel_case=True),
        execution_context_class=Executor,
    )


def sdl() -> str:
    """Return the schema as the front-end teams read it: sorted, so that a change is a small difference."""
    return print_schema(lexicographic_sort_schema(build()._schema)) + "\n"  # noqa: SLF001 (there is no other way)


_Ids = Annotated[list[str], Field(max_length=MOST)]


def _nodes() -> Fields:
    async def node(self: Any, info: Info, id: strawberry.ID) -> Any:  # noqa: A002, ARG001 (what GraphQL calls them)
        return await _node(info, id)

    async def nodes(self: Any, info: Info, ids: list[strawberry.ID]) -> Any:  # noqa: ARG001 (as above)
        asked = read_value(_Ids, ids, path=("ids",))
        return await asyncio.gather(*(_node(info, identifier) for identifier in asked))

    return {
        "node": resolved(Node | None, node, description="What has this global id, if the caller may see it."),
        "nodes": resolved(
            list[Node | None], nodes, description=f"Up to {MOST}, each as `node` gives it, in the same order."
        ),
    }


async def _node(info: Info, global_id: str) -> Any:
    type_name, identifier = decode(global_id)
    load = LOADERS.get(type_name)
    return load and await load(info, identifier)
