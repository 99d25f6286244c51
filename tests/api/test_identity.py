import asyncio
import os
import shutil
import sysconfig
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey

from api import ids
from api.identity import issue, verify
from domain.refusals import Refused
from domain.roles import Role
from workers.errors import OperatorError
from workers.tokens import issued

SECRET = "a secret of the tests, 32 bytes or more"
NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
STAFF, DISTRICT = UUID(int=1), UUID(int=2)


def _made(*, algorithm: str = "HS256", secret: str = SECRET, **claims: Any) -> str:
    """A token made by hand: a good one, but for what is given; a claim that is `...` is left out."""
    good = {
        "aud": "pratica",
        "sub": str(STAFF),
        "roles": ["OPERATOR"],
        "districts": [str(DISTRICT)],
        "exp": int(NOW.timestamp()) + 60,
    }
    said = {name: value for name, value in (good | claims).items() if value is not ...}
    return jwt.encode({"alg": algorithm}, said, OctKey.import_key(secret), algorithms=[algorithm])


def test_a_token_says_who_asks_with_which_roles_in_which_districts() -> None:
    token = issue(SECRET, subject=STAFF, roles=[Role.OPERATOR, Role.MEDIATOR], districts=[DISTRICT], hours=8, now=NOW)

    identity = verify(SECRET, token, now=NOW)

    assert identity.staff_id == STAFF
    assert identity.roles == {Role.OPERATOR, Role.MEDIATOR}
    assert identity.districts == frozenset({DISTRICT})


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.ADMINISTRATOR])
def test_who_supervises_the_agency_may_see_every_district(role: Role) -> None:
    token = issue(SECRET, subject=STAFF, roles=[role], districts=None, hours=1, now=NOW)

    assert verify(SECRET, token, now=NOW).districts is None


@pytest.mark.parametrize("role", [role for role in Role if role not in {Role.SUPERVISOR, Role.ADMINISTRATOR}])
def test_nobody_else_is_given_every_district(role: Role) -> None:
    with pytest.raises(ValueError, match="Name the districts"):
        issue(SECRET, subject=STAFF, roles=[role], districts=None, hours=1, now=NOW)
    with pytest.raises(Refused):
        verify(SECRET, _made(roles=[role.name], districts=None), now=NOW)


def test_a_token_is_good_until_its_hour() -> None:
    token = issue(SECRET, subject=STAFF, roles=[Role.OPERATOR], districts=[DISTRICT], hours=1, now=NOW)

    assert verify(SECRET, token, now=NOW + timedelta(minutes=59))
    with pytest.raises(Refused):
        verify(SECRET, token, now=NOW + timedelta(minutes=61))


@pytest.mark.parametrize("hours", [0, -1, float("nan"), float("inf"), 10_000])
def test_a_token_is_good_for_a_year_at_most(hours: float) -> None:
    with pytest.raises(ValueError, match="hours"):
        issue(SECRET, subject=STAFF, roles=[Role.OPERATOR], districts=[DISTRICT], hours=hours, now=NOW)


def test_a_good_token_made_by_hand_is_taken() -> None:
    assert verify(SECRET, _made(), now=NOW).staff_id == STAFF


@pytest.mark.parametrize(
    "claims",
    [
        {"secret": "another secret, which is 32 bytes too"},
        {"algorithm": "HS512"},
        {"aud": ...},
        {"aud": "another"},
        {"aud": 1},
        {"exp": ...},
        {"exp": None},
        {"exp": "9999999999"},
        {"exp": float("nan")},
        {"exp": int(NOW.timestamp()) - 3600},
        {"iat": int(NOW.timestamp()) + 3600},
        {"nbf": int(NOW.timestamp()) + 3600},
        {"sub": ...},
        {"sub": "Mario"},
        {"sub": 1},
        {"roles": ...},
        {"roles": []},
        {"roles": "OPERATOR"},
        {"roles": None},
        {"roles": ["OPERATOR", "EMPEROR"]},
        {"roles": [1]},
        {"districts": ...},
        {"districts": []},
        {"districts": ["Varese"]},
        {"districts": str(DISTRICT)},
        {"districts": None},
    ],
    ids=str,
)
def test_a_token_that_says_too_little_or_something_else_is_refused(claims: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="UNAUTHENTICATED"):
        verify(SECRET, _made(**claims), now=NOW)


def test_an_unsigned_token_is_refused() -> None:
    unsigned = "eyJhbGciOiJub25lIn0." + _made().split(".")[1] + "."

    with pytest.raises(Refused):
        verify(SECRET, unsigned, now=NOW)


@given(st.one_of(st.text(), st.text(st.sampled_from("ab01.-_=")), st.just("a" * 200_000), st.just("é.é.é")))
def test_whatever_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(Refused):
        verify(SECRET, token, now=NOW)


async def _pratica(*arguments: str) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        shutil.which("pratica", path=sysconfig.get_path("scripts")) or "pratica",
        *arguments,
        env=os.environ | {"PRATICA_TOKEN_SECRET": SECRET},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, complaint = await process.communicate()
    return process.returncode, output.decode(), complaint.decode()


async def test_the_command_prints_a_token_and_nothing_else() -> None:
    district = ids.encode("District", DISTRICT)
    arguments = ["--roles", "OPERATOR,mediator", "--districts", district, "--staff", str(STAFF), "--hours", "2"]

    code, output, _ = await _pratica("token", *arguments)

    identity = verify(SECRET, output.removesuffix("\n"), now=datetime.now(UTC))
    assert code == 0
    assert identity.staff_id == STAFF
    assert identity.roles == {Role.OPERATOR, Role.MEDIATOR}
    assert identity.districts == frozenset({DISTRICT})


async def test_without_a_member_of_staff_each_token_is_for_a_new_one() -> None:
    _, output, _ = await _pratica("token", "--roles", "SUPERVISOR")

    identity = verify(SECRET, output.strip(), now=datetime.now(UTC))
    assert isinstance(identity.staff_id, UUID)
    assert identity.districts is None


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"roles": ["OPERATOR"]}, "Name the districts"),
        ({"roles": ["EMPEROR"]}, "EMPEROR is no role: choose among OPERATOR,"),
        ({"roles": ["OPERATOR"], "districts": ["Varese"]}, "Varese is no id of a District"),
        ({"roles": ["OPERATOR"], "districts": [","]}, "at least one district"),
        ({"staff": ids.encode("Person", STAFF)}, "is no id of a Staff"),
        ({"hours": float("inf")}, "hours"),
        ({"roles": [","]}, "needs a role"),
    ],
    ids=str,
)
def test_what_was_typed_wrong_is_said(typed: dict[str, Any], said: str) -> None:
    given = {"roles": ["SUPERVISOR"], "districts": None, "staff": "", "hours": 1} | typed
    with pytest.raises(OperatorError, match=said):
        issued(SECRET, **given, now=NOW)


async def test_the_command_says_so_without_a_trace() -> None:
    code, output, complaint = await _pratica("token", "--roles", "OPERATOR")

    assert (code, output) == (1, "")
    assert complaint.startswith("pratica: Name the districts")
    assert complaint.count("\n") == 1
