"""The dunning table says what is to be done about arrears, which row says so, and why no other does."""

from typing import Any

from domain.arrears_support import ArrearsSupport
from tests.api.office import Office, gid
from tests.world import POLICY

DECISION = "{ policy action row because why passedOver { row action why } }"
OF_ARREARS = f"query($id: ID!) {{ dunning(arrears: $id) {DECISION} }}"
OF_FACTS = f"query($facts: JSON!, $policy: String) {{ dunningDecision(facts: $facts, policy: $policy) {DECISION} }}"


async def arrears_of(office: Office) -> str:
    debt: dict[str, Any] = {"tenancy": str(office.world.tenancy), "balance": "900", "months_owed": 3}
    return gid("ArrearsSupport", await office.track(await office.open(), ArrearsSupport, **debt, source="LETTER"))


async def test_arrears_are_asked_about_as_they_stand(office: Office) -> None:
    told = (await office.ask(OF_ARREARS, {"id": await arrears_of(office)}))["dunning"]
    assert (told["policy"], told["row"], told["action"]) == (POLICY.id, "figures in question", "nothing")
    assert "assumed" in told["because"]
    table = POLICY.dunning
    assert table
    assert [each["row"] for each in told["passedOver"]] == [
        row.row for row in table.rows if row.row != "figures in question"
    ]
    assert all(each["why"] for each in told["passedOver"])


async def test_any_facts_may_be_tried(office: Office) -> None:
    facts = {"balance": 900, "monthly_rent": 300, "last_message": "first_letter", "days_since_message": 8}
    found = (await office.ask(OF_FACTS, {"facts": facts, "policy": POLICY.id}))["dunningDecision"]
    assert found == (await office.ask(OF_FACTS, {"facts": facts}))["dunningDecision"]
    assert found["row"] == "told lately"
    assert "8" in found["why"]


async def test_what_cannot_be_asked_is_refused(office: Office) -> None:
    for document, given, code in (
        (OF_FACTS, {"facts": {"balanse": 900}}, "INPUT_INVALID"),
        (OF_FACTS, {"facts": [1]}, "INPUT_INVALID"),
        (OF_FACTS, {"facts": {}, "policy": "nowhere@2020-01-01"}, "NOT_FOUND"),
        (OF_ARREARS, {"id": gid("ArrearsSupport", office.world.person)}, "NOT_FOUND"),
        (OF_ARREARS, {"id": gid("TenantCase", office.world.person)}, "ID_INVALID"),
    ):
        assert await office.refused(document, given) == [code]
