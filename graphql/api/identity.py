"""Who asks: signed access tokens (JWT, HS256), issued by `pratica token` and verified on every request.

    {"aud": "pratica", "sub": "<staff uuid>", "roles": ["OPERATOR"], "districts": ["<uuid>"], "iat": ..., "exp": ...}

What a token does not say is denied: `districts` must be there, and null, for every district, only beside a role that
supervises the whole agency.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Annotated, Any
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from joserfc.jwt import JWTClaimsRegistry
from pydantic import BaseModel, Field

from api.context import Identity
from domain.refusals import Refusal, Refused
from domain.roles import Role

AGENCY_WIDE = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})
"""Roles that may be given every district at once."""

MOST_HOURS = 366 * 24
"""How long a token may be good for: nothing takes it back before."""

_AUDIENCE = "pratica"
_ALGORITHM = "HS256"
_CLOCKS_DIFFER_SECONDS = 30


class _Claims(BaseModel):
    sub: UUID
    roles: Annotated[frozenset[Role], Field(min_length=1)]
    districts: Annotated[frozenset[UUID], Field(min_length=1)] | None


def issue(
    secret: str,
    *,
    subject: UUID,
    roles: Collection[Role],
    districts: Collection[UUID] | None,
    hours: float,
    now: datetime,
) -> str:
    """Return a token for the member of staff `subject` that is good for so many hours; `districts` None is every one.

    Raises ValueError, with a sentence, for an identity that would not be accepted.
    """
    if not roles or not 0 < hours <= MOST_HOURS:
        raise ValueError(f"A token needs a role, and is good for at most {MOST_HOURS} hours.")
    if districts is None and not AGENCY_WIDE.intersection(roles):
        allowed = " or ".join(sorted(role.name for role in AGENCY_WIDE))
        raise ValueError(f"Name the districts: every district at once takes the role {allowed}.")
    if districts is not None and not districts:
        raise ValueError("Name at least one district.")
    claims = {
        "aud": _AUDIENCE,
        "sub": str(subject),
        "roles": sorted({role.name for role in roles}),
        "districts": None if districts is None else sorted({str(district) for district in districts}),
        "iat": now,
        "exp": now + timedelta(hours=hours),
    }
    return jwt.encode({"alg": _ALGORITHM}, claims, OctKey.import_key(secret), algorithms=[_ALGORITHM])


def verify(secret: str, token: str, *, now: datetime) -> Identity:
    """Return who a token says its bearer is. Raises `Refused` (UNAUTHENTICATED) for whatever is wrong with it."""
    registry = JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=_CLOCKS_DIFFER_SECONDS,
        aud={"essential": True, "value": _AUDIENCE},
        exp={"essential": True},
    )
    try:
        claims, said = _signed(secret, token)
        registry.validate(claims)
    except (JoseError, ValueError):
        raise Refused(Refusal.UNAUTHENTICATED) from None
    if said.districts is None and not AGENCY_WIDE & said.roles:
        raise Refused(Refusal.UNAUTHENTICATED)
    return said


@lru_cache(maxsize=1_024)
def _signed(secret: str, token: str) -> tuple[dict[str, Any], Identity]:
    """Return what a token says if its signature is right: always the same, unlike whether it is still good."""
    claims = jwt.decode(token, OctKey.import_key(secret), algorithms=[_ALGORITHM]).claims
    said = _Claims.model_validate(claims)
    return claims, Identity(staff_id=said.sub, roles=said.roles, districts=said.districts)
