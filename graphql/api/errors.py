"""How a refusal reaches a client.

userErrors          of a mutation's payload: expected, coded, with the path of the input and what to do
errors              of the response: a query that is refused (`extensions.code`), or a bug (INTERNAL, no detail)
"""

import strawberry
from graphql import GraphQLError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from domain.choices import Language
from domain.refusals import Refusal, Refused
from workflows.messages import Rejection


@strawberry.type(description="Why a mutation did nothing, and what to do about it.")
class UserError:
    """One refusal, in the caller's language."""

    code: str = strawberry.field(description="For programs: stable, and listed in the documentation.")
    message: str = strawberry.field(description="For people, in the caller's language: what to do.")
    path: list[str] = strawberry.field(description="The input field at fault, from the outside in; empty for none.")


def user_error(refusal: Refused | Rejection, language: Language, /) -> UserError:
    """Return a refusal as a mutation answers it; `path` starts at `input`, in the names that clients use."""
    path = ["input", *(camel(part) for part in refusal.path)] if refusal.path else []
    return UserError(code=refusal.code, message=refusal.label.text(language), path=path)


def query_error(refusal: Refused, language: Language, /) -> GraphQLError:
    """Return a refusal as a query answers it."""
    extensions = {"code": refusal.code, "path": [camel(part) for part in refusal.path]}
    return GraphQLError(refusal.label.text(language), extensions=extensions)


def refusal_of(error: BaseException, /) -> Refused | None:
    """Return the refusal that an exception amounts to; None for a bug."""
    match error:
        case Refused():
            return error
        case OperationalError() | InterfaceError() | PoolTimeout():  # it is away, or busy beyond patience
            return Refused(Refusal.STORE_UNAVAILABLE)
    return None


def camel(name: str, /) -> str:
    """Return the name by which clients know a Python one."""
    head, *tail = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in tail)
