"""Access tokens from what is typed on the command line."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from uuid import UUID, uuid4

from api import ids
from api.identity import issue
from domain.refusals import Refused
from domain.roles import Role
from workers.errors import OperatorError


def issued(
    secret: str,
    *,
    roles: Iterable[str],
    districts: Iterable[str] | None,
    staff: str,
    hours: float,
    now: datetime,
) -> str:
    """Return a token, good from `now`. Raises OperatorError for an unknown role, a bad id, or an identity too wide."""
    try:
        return issue(
            secret,
            subject=_id(staff, "Staff") if staff else uuid4(),
            roles=[_role(name) for name in _each(roles)],
            districts=None if districts is None else [_id(name, "District") for name in _each(districts)],
            hours=hours,
            now=now,
        )
    except ValueError as error:
        raise OperatorError(str(error)) from error


def _each(typed: Iterable[str]) -> Iterator[str]:
    return (name.strip() for part in typed for name in part.split(",") if name.strip())


def _role(name: str) -> Role:
    try:
        return Role[name.upper()]
    except KeyError:
        raise OperatorError(f"{name} is no role: choose among {', '.join(Role.__members__)}.") from None


def _id(typed: str, kind: str) -> UUID:
    try:
        return UUID(typed)
    except ValueError:
        try:
            return ids.decode(typed, expected=kind)[1]
        except Refused:
            raise OperatorError(f"{typed} is no id of a {kind}: give a UUID, or the `id` that the API shows.") from None
