"""Lists completed in one go are, byte for byte, what graphql-core makes of them field by field."""

from copy import copy
from datetime import timedelta
from typing import Any

import orjson
import pytest
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from api.execution import Schema
from api.finished import Executor
from domain.arrears_support import ArrearsSupport
from domain.document_practice import DocumentPractice
from domain.roles import Role
from tests.api.office import MORNING, SCHEMA, Office, gid

LISTS = """
query Lists($no: Boolean = false) {
  worklist(first: 5) {
    __typename
    nodes { ...Whole me: id process { __typename id kind ... on TenantCase { needs { area } paused: pausedUntil } } }
    edges { cursor node { id dueAt skipped: kind @skip(if: true) absent: kind @include(if: $no) } }
    pageInfo { hasNextPage endCursor }
  }
  again: worklist(filter: {mine: true}) { nodes { id } pageInfo { endCursor } }
  cases { nodes { id __typename deadline waitsFor { label agency } ... on TenantCase { urgency tracks { id } } } }
  caseBoard { open states { kindLabel stateLabel count overdue } operators { count operator { name } } }
  persons { nodes { id version identity languages bornOn lowLiteracy district { name } } }
  tenancies { nodes { balance balanceOn rentArea startsOn } }
  processes { kind states { name waitsFor { label } } steps { roles moves { fromState toStates } } }
  viewer { roles staffId districts { name } }
}
fragment Whole on Task {
  kind kindLabel stateName stateLabel role reason urgency dueAt overdue openedAt
  person { __typename id givenName familyName version identity district { name } }
  district { id name municipality { name } }
  assignee { name roles }
}
"""
CASE = """
query Case($id: ID!) {
  node(id: $id) {
    id __typename
    ... on TenantCase {
      version state stateLabel deadline deadlineClause overdue openedAt outcome needs { area note { text } }
      person { givenName familyName } operator { name } servicePoint { name }
      tasks { id dueAt assignee { name } process { id version deadlineClause } }
      done: tasks(done: true) { ...Whole id doneAt process { id stateName deadline } }
      tracks {
        id kind stateLabel deadline availableSteps { name open reason }
        ... on ArrearsSupport { monthsOwed source plan { instalments { dueOn amount } } }
        ... on DocumentPractice { document papers { title status } }
      }
      history { nodes { label fromState toStateLabel occurredAt role actor { name } notes { text } } }
    }
  }
}
""" + LISTS[LISTS.index("fragment Whole") :]
WRONG = '{ worklist(first: 1000) { nodes { id } } stops(after: "nonsense") { nodes { id } } viewer { roles } }'


@pytest.fixture
async def busy(office: Office) -> Office:
    """An office with something of everything."""
    for number, urgency in enumerate(["ROUTINE", "URGENT", "DANGER", "ROUTINE"]):
        at = MORNING + timedelta(days=number)
        case = await office.open(person=await office.person(f"P{number}"), urgency=urgency, at=at)
        await office.track(case, DocumentPractice, at=at, document="ISEE")
        debt = {"tenancy": str(office.world.tenancy), "balance": "900.00", "months_owed": 3, "source": "ACCOUNTS"}
        await office.track(case, ArrearsSupport, at=at, **debt)
        for hour in range(1, 5):
            await office.take(case, "plan_visit", at=at, appointment=at + timedelta(hours=hour))
        await office.take(case, "record_interview", at=at, needs=[{"area": "ECONOMIC"}, {"area": "HEALTH"}])
    office.now = MORNING + timedelta(days=30)
    await office.let_deadlines_pass(case, office.now)
    return office


class Counting(Executor):
    """Counts the objects that graphql-core completes field by field."""

    objects = 0

    def execute_fields(self, *arguments: Any) -> Any:
        Counting.objects += 1
        return super().execute_fields(*arguments)


def executed_by(executor: type[Any]) -> Schema:
    schema = copy(SCHEMA)
    schema.execution_context_class = executor
    return schema


WAYS = [SCHEMA, executed_by(StrawberryGraphQLCoreExecutionContext)]
ROLES = [Role.OPERATOR, Role.SUPERVISOR, Role.ADMINISTRATIVE]


async def test_both_ways_give_the_same_bytes(busy: Office) -> None:
    """Lists, cases with their tracks; fragments, aliases, directives; refusals."""
    case = gid("TenantCase", next(iter(busy.files)))
    asked: list[tuple[str, dict[str, Any], int]] = [
        (LISTS, {}, 0),
        (LISTS, {"no": True}, 0),
        (CASE, {"id": case}, 0),
        (WRONG, {}, 1),
    ]
    for document, variables, refused in asked:
        answers = []
        for schema in WAYS:
            result = await busy.answer(document, variables, roles=ROLES, schema=schema)
            errors = [(error.message, error.path, error.extensions) for error in result.errors or ()]
            assert len(errors) == refused, errors
            answers.append(orjson.dumps([result.data, errors]))
        assert answers[0] == answers[1]


async def test_a_page_of_the_worklist_is_completed_in_one_go(busy: Office) -> None:
    """Otherwise both ways would be the same way."""
    document = """{ worklist { nodes { id stateLabel dueAt overdue role process { id } person { givenName id } }
      pageInfo { hasNextPage endCursor } } }"""
    Counting.objects = 0
    found = await busy.ask(document, roles=ROLES, schema=executed_by(Counting))
    assert len(found["worklist"]["nodes"]) > 4
    assert Counting.objects == 3, "the query, the connection and its pageInfo; no task"
