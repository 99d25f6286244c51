"""The worklist: whose it is, what is in it, in which order; and who takes what upon themselves."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from domain.arrears_support import ArrearsSupport
from domain.document_practice import DocumentPractice
from domain.roles import Role
from store import tables as t
from tests.api.office import MORNING, Office, gid

TASKS = """
query($first: Int! = 50, $after: String, $filter: WorklistFilterInput, $order: WorklistOrder! = DUE_ASC) {
  worklist(first: $first, after: $after, filter: $filter, order: $order) {
    nodes { kind stateName role reason overdue urgency person { familyName } process { id } assignee { name } }
    pageInfo { hasNextPage endCursor }
  }
}
"""


async def tasks(office: Office, *, order: str = "DUE_ASC", who: dict[str, Any] | None = None, **narrowed: Any) -> Any:
    variables = {"filter": narrowed, "order": order}
    return (await office.ask(TASKS, variables, **(who or {})))["worklist"]["nodes"]


def names(found: Any) -> list[str]:
    return [task["person"]["familyName"] for task in found]


async def test_a_state_that_waits_for_a_role_is_a_task_of_who_has_it_in_its_district(office: Office) -> None:
    """Another role, another district, an agency's outsider: nothing, by list and by node."""
    bianchi = await office.person("Bianchi")
    case = await office.open(person=bianchi)
    await office.track(case, DocumentPractice, document="ISEE")
    (task,) = await tasks(office)
    assert task == {
        "kind": "TENANT_CASE",
        "stateName": "CONTACTED",
        "role": "OPERATOR",
        "reason": "STATE",
        "overdue": False,
        "urgency": "ROUTINE",
        "person": {"familyName": "Bianchi"},
        "process": {"id": gid("TenantCase", case)},
        "assignee": None,
    }
    assert [task["kind"] for task in await tasks(office, who={"roles": [Role.ADMINISTRATIVE]})] == ["DOCUMENT_PRACTICE"]
    for who in ({"districts": [office.world.elsewhere]}, {"roles": [Role.PARTNER_REFERENT], "districts": []}):
        assert await tasks(office, who=who) == []
        found = await office.ask("query($id: ID!) { node(id: $id) { id } }", {"id": gid("TenantCase", case)}, **who)
        assert found == {"node": None}


async def test_a_supervisor_asks_for_any_role_and_nobody_else_does(office: Office) -> None:
    case = await office.open()
    await office.track(case, DocumentPractice, document="ISEE")
    supervisor = {"roles": [Role.SUPERVISOR], "districts": []}
    assert await tasks(office, who=supervisor) == []
    everybody = ["OPERATOR", "ADMINISTRATIVE"]
    assert {task["role"] for task in await tasks(office, who=supervisor, role=everybody)} == {*everybody}
    refused = await office.refused(TASKS, {"filter": {"role": everybody}})
    assert refused == ["NOT_YOURS"]


async def test_what_goes_overdue_becomes_the_supervisors_too(office: Office) -> None:
    late = await office.open(person=await office.person("Tardi"))
    await office.open(person=await office.person("Presto"), at=MORNING + timedelta(days=14))
    office.now = MORNING + timedelta(days=15)
    await office.let_deadlines_pass(late, office.now)
    assert names(await tasks(office, overdue=True)) == ["Tardi"]
    assert names(await tasks(office, overdue=False)) == ["Presto"]
    (overdue,) = await tasks(office, who={"roles": [Role.SUPERVISOR]})
    assert (overdue["reason"], overdue["overdue"], names([overdue])) == ("OVERDUE", True, ["Tardi"])


async def test_it_is_in_the_order_that_is_asked_for_page_by_page(office: Office) -> None:
    """A case that is opened meanwhile moves nothing on the pages that follow."""
    for days, name, urgency in ((0, "A", "ROUTINE"), (1, "B", "DANGER"), (2, "C", "URGENT"), (3, "D", "ROUTINE")):
        await office.open(person=await office.person(name), urgency=urgency, at=MORNING + timedelta(days=days))
    office.now = MORNING + timedelta(days=4)
    expected = {"DUE_ASC": "BACD", "URGENCY_DESC": "BCAD", "OPENED_ASC": "ABCD"}
    for order, sorted_names in expected.items():
        assert names(await tasks(office, order=order)) == [*sorted_names], order
        page = await office.ask(TASKS, {"first": 3, "order": order})
        assert page["worklist"]["pageInfo"]["hasNextPage"]
        after = page["worklist"]["pageInfo"]["endCursor"]
        rest = await office.ask(TASKS, {"first": 3, "order": order, "after": after})
        assert names(rest["worklist"]["nodes"]) == [sorted_names[3]]
        assert not rest["worklist"]["pageInfo"]["hasNextPage"]
    after = (await office.ask(TASKS, {"first": 1}))["worklist"]["pageInfo"]["endCursor"]
    await office.open(person=await office.person("Z"), urgency="DANGER", at=MORNING - timedelta(days=1))
    assert names((await office.ask(TASKS, {"after": after}))["worklist"]["nodes"]) == ["A", "C", "D"]
    assert await office.refused(TASKS, {"order": "OPENED_ASC", "after": after}) == ["CURSOR_INVALID"]


async def test_a_page_with_all_that_it_refers_to_is_one_statement(office: Office) -> None:
    await office.open()
    sent = office.statements()
    found = await tasks(office)
    assert (len(found), len(sent)) == (1, 1)
    assert "data" not in sent[0], "the whole process is read only when something of it is asked for"


async def test_it_is_narrowed_by_everything_that_a_supervisor_asks_for(office: Office) -> None:
    anna, case = office.world.staff, await office.open(person=await office.person("Uno"), operator=office.world.staff)
    await office.open(person=await office.person("Due"), district=office.world.elsewhere, urgency="URGENT")
    await office.track(case, ArrearsSupport, **_debt(office))
    who: dict[str, Any] = {"roles": [Role.SUPERVISOR, Role.OPERATOR, Role.ADMINISTRATIVE], "districts": []}
    assert names(await tasks(office, who=who, operator=gid("Staff", anna), kind="TENANT_CASE")) == ["Uno"]
    assert names(await tasks(office, who=who, district=gid("District", office.world.elsewhere))) == ["Due"]
    assert names(await tasks(office, who=who, urgency="URGENT", reason="STATE")) == ["Due"]
    assert len(await tasks(office, who=who, kind="ARREARS_SUPPORT")) == 1
    assert len(await tasks(office, who=who, kind=["ARREARS_SUPPORT", "TENANT_CASE"])) == 3
    camper = gid("ServicePoint", office.world.service_point)
    await office.open(person=await office.person("Tre"), service_point=office.world.service_point)
    assert names(await tasks(office, who=who, servicePoint=camper)) == ["Tre"]
    due = (await office.ask("{ worklist(first: 1) { nodes { dueAt } } }", **who))["worklist"]["nodes"][0]["dueAt"][:10]
    assert "Uno" in names(await tasks(office, who=who, kind="TENANT_CASE", dueFrom=due))
    assert await tasks(office, who=who, kind="TENANT_CASE", dueTo="2026-11-16") == []
    assert await tasks(office, who=who, person=gid("Person", uuid4())) == []
    assert await office.refused(TASKS, {"filter": {"kind": "NONSENSE"}}) == ["INPUT_INVALID"]
    assert await office.refused(TASKS, {"filter": {"district": "nonsense"}}) == ["ID_INVALID"]
    assert await office.refused(TASKS, {"filter": {"district": gid("Staff", anna)}}) == ["ID_INVALID"]
    assert await office.refused(TASKS, {"first": 101}) == ["PAGE_INVALID"]


DONE = """
query($id: ID!) { node(id: $id) { ... on TenantCase { state tasks { reason } done: tasks(done: true) {
  stateName reason doneAt overdue assignee { name } district { name } process { id stateName }
} } } }
"""


async def done(office: Office, case: UUID, **who: Any) -> Any:
    return (await office.ask(DONE, {"id": gid("TenantCase", case)}, **who))["node"]


async def test_what_was_done_on_a_process_is_read_apart_the_latest_first(office: Office) -> None:
    """Of no one's any more, overdue if it was done late, with the process as it stands now."""
    case = await office.open()
    assert (await done(office, case))["done"] == []
    late = MORNING + timedelta(days=20)
    await office.let_deadlines_pass(case, late)
    await office.take(case, "record_interview", at=late)
    await office.take(case, "take_charge", at=late + timedelta(hours=1))
    assert await codes(office, CLAIM, {"processes": [gid("TenantCase", case)]}) == []
    found = await done(office, case)
    assert [each["reason"] for each in found["tasks"]] == ["STATE"]
    assert [(each["stateName"], each["reason"], each["overdue"]) for each in found["done"]] == [
        ("LISTENED", "STATE", False),
        ("CONTACTED", "OVERDUE", True),
        ("CONTACTED", "STATE", True),
    ]
    assert [each["doneAt"] for each in found["done"]] == [
        (late + timedelta(hours=hours)).isoformat() for hours in (1, 0, 0)
    ]
    assert {each["process"]["stateName"] for each in found["done"]} == {"IN_CHARGE"}
    assert [each["assignee"] for each in found["done"]] == [None] * 3


async def test_who_takes_a_case_over_reads_what_was_done_on_it_elsewhere(office: Office) -> None:
    """And who had it before reads nothing of it any more."""
    case, elsewhere = await office.open(), office.world.elsewhere
    await office.take(case, "record_interview", at=MORNING)
    await office.take(case, "hand_over", at=MORNING, operator=str(office.world.staff), district=str(elsewhere))
    assert await done(office, case) is None
    (there,) = (await done(office, case, districts=[elsewhere]))["done"]
    assert (there["stateName"], there["district"]["name"]) == ("CONTACTED", "San Fermo")


async def test_of_much_that_was_done_the_latest_is_read_in_one_statement_for_all(office: Office) -> None:
    """A case that is planned for years, and one beside it."""
    cases = [await office.open(person=await office.person(name)) for name in ("Uno", "Due")]
    for day in range(1, 105):
        at = MORNING + timedelta(days=day)
        await office.take(cases[0], "plan_visit", at=at, appointment=at + timedelta(hours=1))
    asked = "{ cases { nodes { ... on Process { tasks(done: true) { doneAt } } } } }"
    sent = office.statements()
    found = (await office.ask(asked))["cases"]["nodes"]
    assert sorted(len(each["tasks"]) for each in found) == [0, 100]
    assert sum("FROM task" in statement for statement in sent) == 1
    (many,) = (each["tasks"] for each in found if each["tasks"])
    assert many[0]["doneAt"] == (MORNING + timedelta(days=104)).isoformat()
    assert many[-1]["doneAt"] == (MORNING + timedelta(days=5)).isoformat()


def _debt(office: Office) -> dict[str, Any]:
    return {"tenancy": str(office.world.tenancy), "balance": "900.00", "months_owed": 3, "source": "ACCOUNTS"}


ASSIGN = """
mutation($input: TaskAssignInput!) {
  taskAssign(input: $input) { processes { id tasks { assignee { name } } } userErrors { code path } }
}
"""
CLAIM = "mutation($input: TaskClaimInput!) { taskClaim(input: $input) { processes { id } userErrors { code path } } }"
RELEASE = (
    "mutation($input: TaskReleaseInput!) { taskRelease(input: $input) { processes { id } userErrors { code path } } }"
)


async def codes(office: Office, document: str, variables: Any, **who: Any) -> list[Any]:
    (payload,) = (await office.ask(document, {"input": variables}, **who)).values()
    assert (payload["processes"] is None) == bool(payload["userErrors"])
    return [(error["code"], *error["path"]) for error in payload["userErrors"]]


async def test_a_supervisor_assigns_many_at_once_and_again(office: Office) -> None:
    """The same again changes nothing; who has something finds it as `mine`, whatever their roles."""
    cases = [await office.open() for _ in range(3)]
    bruno = uuid4()
    await office.add(t.staff, id=bruno, name="Bruno")
    given = {"processes": [gid("TenantCase", case) for case in cases], "staff": gid("Staff", bruno)}
    supervisor = {"roles": [Role.SUPERVISOR]}
    for _ in range(2):
        answer = await office.ask(ASSIGN, {"input": given}, **supervisor)
        assert [case["tasks"][0]["assignee"] for case in answer["taskAssign"]["processes"]] == [{"name": "Bruno"}] * 3
    his = {"staff": bruno, "roles": [Role.EDUCATOR]}
    assert len(await tasks(office, who=his, mine=True)) == 3
    assert len(await tasks(office, assignee=gid("Staff", bruno))) == 3
    assert await tasks(office, assignee=gid("Staff", office.world.staff)) == []
    assert await tasks(office, mine=True) == await tasks(office, assigned=False) == []
    assert len(await tasks(office, assigned=True)) == len(await tasks(office, mine=False)) == 3
    assert await codes(office, ASSIGN, given) == [("NOT_YOURS",)]
    nobody = given | {"processes": [gid("TenantCase", cases[0]), gid("TenantCase", uuid4())]}
    assert await codes(office, ASSIGN, nobody, **supervisor) == [("NOT_FOUND", "input", "processes", "1")]
    assert await codes(office, ASSIGN, given | {"processes": []}, **supervisor) == [
        ("INPUT_INVALID", "input", "processes")
    ]
    elsewhere = {"roles": [Role.SUPERVISOR], "districts": [office.world.elsewhere]}
    assert await codes(office, ASSIGN, given, **elsewhere) == [("NOT_FOUND", "input", "processes", "0")]


async def test_who_claims_a_task_has_it_until_they_or_a_supervisor_release_it(office: Office) -> None:
    case, bruno = await office.open(), uuid4()
    await office.add(t.staff, id=bruno, name="Bruno")
    given = {"processes": [gid("TenantCase", case)]}
    assert await codes(office, CLAIM, given) == await codes(office, CLAIM, given) == []
    assert (await tasks(office))[0]["assignee"] == {"name": "Anna"}
    assert await codes(office, CLAIM, given, staff=bruno) == [("TASK_TAKEN", "input", "processes")]
    assert await codes(office, RELEASE, given, staff=bruno) == [("NOT_YOURS", "input", "processes")]
    assert await codes(office, RELEASE, given, staff=bruno, roles=[Role.SUPERVISOR]) == []
    assert (await tasks(office))[0]["assignee"] is None
    assert await codes(office, CLAIM, given, staff=bruno) == []


async def test_an_assignment_counts_while_it_is_the_same_role_that_is_waited_for(office: Office) -> None:
    """The office has it again when the papers have come, unless somebody took it meanwhile."""
    case, bruno = await office.open(), uuid4()
    await office.add(t.staff, id=bruno, name="Bruno")
    track = await office.track(case, DocumentPractice, document="ISEE")
    given = {"processes": [gid("DocumentPractice", track)]}
    clerk = {"roles": [Role.ADMINISTRATIVE]}
    assert await codes(office, CLAIM, given, **clerk) == []
    assert len(await tasks(office, who=clerk, mine=True)) == 1
    asked: dict[str, Any] = {"titles": ["Documento", "Busta paga"], "due_on": "2026-12-10"}
    await office.take(case, "ask_papers", on=track, at=MORNING, **asked)
    brought: dict[str, Any] = {"title": "Documento", "reference": "A-1"}
    await office.take(case, "upload_paper", on=track, at=MORNING, **brought)
    assert len(await tasks(office, who=clerk, mine=True)) == 1
    await office.take(case, "reject_paper", on=track, at=MORNING, title="Documento", fault="EXPIRED")
    assert await codes(office, CLAIM, given, staff=bruno) == [], "now the tenant is waited for, and nobody has it"
    assert await codes(office, RELEASE, given, **clerk) == [("NOT_YOURS", "input", "processes")]
    await office.take(case, "upload_paper", on=track, at=MORNING, **brought)
    assert await tasks(office, who=clerk, assigned=True) == await tasks(office, who=clerk, mine=True) == []
    (free,) = await tasks(office, who=clerk)
    assert free["assignee"] is None


async def test_nobody_is_to_do_what_they_do_not_see(office: Office) -> None:
    given = {"processes": [gid("TenantCase", await office.open())]}
    away, here = uuid4(), uuid4()
    await office.add(t.staff, id=away, name="Bruno", districts=[office.world.elsewhere])
    await office.add(t.staff, id=here, name="Carla", districts=[office.world.elsewhere, office.world.district])
    who = {"roles": [Role.SUPERVISOR]}
    refused = await codes(office, ASSIGN, given | {"staff": gid("Staff", away)}, **who)
    assert refused == [("ASSIGNEE_ELSEWHERE", "input", "staff")]
    assert await codes(office, ASSIGN, given | {"staff": gid("Staff", here)}, **who) == []


async def test_a_deputy_has_what_is_assigned_to_who_is_away(office: Office) -> None:
    """On the days of the absence; and the deputy's deputy, while both are. Whose it is stays to be seen."""
    case, bruno, carla = await office.open(), uuid4(), uuid4()
    await office.add(t.staff, id=bruno, name="Bruno")
    await office.add(t.staff, id=carla, name="Carla")
    await codes(office, CLAIM, {"processes": [gid("TenantCase", case)]})
    today = MORNING.date()
    for who, deputy in ((office.world.staff, bruno), (bruno, carla)):
        absence = {"starts_on": today, "ends_on": today + timedelta(days=1), "staff_id": who, "deputy_id": deputy}
        assert await tasks(office, who={"staff": deputy}, mine=True) == []
        await office.add(t.absence, id=uuid4(), **absence)
        (task,) = await tasks(office, who={"staff": deputy}, mine=True)
        assert task["assignee"] == {"name": "Anna"}
        assert await tasks(office, who={"staff": deputy}, mine=False) == []
    assert len(await tasks(office, mine=True)) == 1, "it is still Anna's"
    # Of absences that overlap, the one that began last counts.
    later = {"starts_on": today, "ends_on": today, "staff_id": office.world.staff, "deputy_id": None}
    await office.add(t.absence, id=UUID(int=2**128 - 1), **later)
    assert await tasks(office, who={"staff": bruno}, mine=True) == []
    office.now = MORNING + timedelta(days=1)
    assert len(await tasks(office, who={"staff": bruno}, mine=True)) == 1
    office.now = MORNING + timedelta(days=2)
    assert await tasks(office, who={"staff": bruno}, mine=True) == []
