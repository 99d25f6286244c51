"""The published first weeks, lived once for real by `make demo`; then everything is read as a front end reads it."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from domain.process import Process
from tests.stories.clone import Clone, cloned, with_curl
from workers.demo.client import Api, Declined, Desk
from workers.demo.report import what_next
from workers.demo.weeks import ROME, Weeks
from workers.settings import Settings

PUBLISHED = {
    "registered": 150,
    "convened": 112,
    "walk_ins": 38,
    "maintenance_reports": 75,
    "arrears_cases": 42,
    "document_practices": 15,
}
ENDINGS = {
    "a plan settled": ("ARREARS_SUPPORT", "record_payment", "SETTLED"),
    "a plan breached": ("ARREARS_SUPPORT", "declare_breach", "BREACHED"),
    "and renegotiated": ("ARREARS_SUPPORT", "renegotiate", "PLAN_PROPOSED"),
    "a debt handed over": ("ARREARS_SUPPORT", "escalate", "ESCALATED"),
    "nothing owed after all": ("ARREARS_SUPPORT", "resolve_dispute", "NOT_OWED"),
    "a contribution paid": ("CONTRIBUTION", "pay", "PAID"),
    "a contribution refused": ("CONTRIBUTION", "refuse", "REFUSED"),
    "a fault mended and verified": ("MAINTENANCE_RESOLUTION", "verify", "VERIFIED"),
    "a repair that did not hold": ("MAINTENANCE_RESOLUTION", "reject", "ORDERED"),
    "nobody at home": ("MAINTENANCE_RESOLUTION", "record_no_access", "NO_ACCESS"),
    "a fault reported twice": ("MAINTENANCE_RESOLUTION", "cancel", "CANCELLED"),
    "a document issued": ("DOCUMENT_PRACTICE", "issue", "ISSUED"),
    "a referral with feedback": ("EXTERNAL_REFERRAL", "record_feedback", "LOOP_CLOSED"),
    "a referral rejected": ("EXTERNAL_REFERRAL", "reject", "REJECTED"),
    "proposed to the next": ("EXTERNAL_REFERRAL", "repropose", "REQUESTED"),
    "a no-show": ("TENANT_CASE", "record_no_show", "NO_SHOW"),
    "a home visit": ("TENANT_CASE", "plan_visit", "VISIT_PLANNED"),
    "a case closed": ("TENANT_CASE", "close", "CLOSED"),
    "followed up": ("TENANT_CASE", "follow_up", "CLOSED"),
    "and one reopened": ("TENANT_CASE", "reopen", "IN_CHARGE"),
    "a pause": ("TENANT_CASE", "pause", "IN_CHARGE"),
}


@dataclass(frozen=True, kw_only=True)
class Lived:
    """The report that the demo printed, and a supervisor at the API that serves what was lived."""

    report: dict[str, Any]
    api: Api
    supervisor: Desk
    since: datetime
    clone: Clone

    async def ask(self, operation: str, **variables: Any) -> Any:
        """Return what a document of graphql/operations answers."""
        return await self.supervisor.ask(operation, self.since, **variables)

    async def all(self, operation: str, **variables: Any) -> list[dict[str, Any]]:
        """Return the nodes of every page."""
        nodes: list[dict[str, Any]] = []
        page: dict[str, Any] = {"pageInfo": {"hasNextPage": True, "endCursor": None}}
        while page["pageInfo"]["hasNextPage"]:
            page = await self.ask(operation, after=page["pageInfo"]["endCursor"], **variables)
            nodes += page["nodes"]
        return nodes


@pytest.fixture(scope="module")
async def lived(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lived]:
    """The demo as the README runs it, ended; then the same data are served again, as everything else is kept."""
    async with cloned(tmp_path_factory.mktemp("demo")) as clone:
        printed = await clone.sh("FORMAT=json EXIT=1 make demo")
        (report,) = printed.splitlines()
        demo = {"PRATICA_DATA": ".pratica/demo", "PRATICA_TEMPORAL_NAMESPACE": "demo", "PRATICA_SANDBOX": "off"}
        async with clone.going_on(".venv/bin/pratica up", until="Ctrl-C stops everything", **demo):
            token = await clone.sh(".venv/bin/pratica token --role SUPERVISOR", **demo)
            since = datetime.now(UTC)
            async with Api.at(f"http://127.0.0.1:{clone.port}/graphql", since=since) as api:
                supervisor = Desk(api, token=token.strip(), staff="")
                yield Lived(report=json.loads(report), api=api, supervisor=supervisor, since=since, clone=clone)


async def test_the_engine_counts_what_was_published(lived: Lived) -> None:
    figures = lived.report["figures"]
    assert {code: figure["published"] for code, figure in figures.items()} == PUBLISHED
    assert {code: figure["engine"] for code, figure in figures.items()} == PUBLISHED
    assert all(figure["definition"].endswith(".") for figure in figures.values())
    assert figures["maintenance_reports"]["in_dwellings"] > PUBLISHED["maintenance_reports"] / 2


async def test_there_are_cases_in_every_stage(lived: Lived) -> None:
    board = await lived.ask("CaseBoard")
    found = {cell["stateName"] for cell in board["states"] if cell["kind"] == "TENANT_CASE"}
    assert found == set(Process.kinds["TENANT_CASE"].State.__members__)


async def test_every_named_ending_was_lived_within_the_weeks_in_working_hours(lived: Lived) -> None:
    cases = await lived.all("Cases")
    pages = await asyncio.gather(*(lived.ask("History", id=case["id"], first=100) for case in cases))
    told = [entry for page in pages for entry in page["history"]["nodes"] if entry["actor"]]

    lives = {(entry["kind"], entry["step"], entry["toState"]) for entry in told}
    assert {name: ending for name, ending in ENDINGS.items() if ending not in lives} == {}

    weeks = Weeks(date.fromisoformat(lived.report["to"]))
    moments = [datetime.fromisoformat(entry["occurredAt"]).astimezone(ROME) for entry in told]
    assert {moment.date() for moment in moments} <= {day for day in weeks.days if day <= weeks.until}
    assert {moment.hour for moment in moments} <= set(range(9, 19))


async def test_the_third_contribution_found_no_funds(lived: Lived) -> None:
    """Two were granted, and what is left of the line does not hold another: the refusal was the engine's."""
    lines = {line["code"]: line for line in await lived.all("FundingLines")}
    budget, committed = (float(lines["SOL"][field]) for field in ("budget", "committed"))
    assert committed == 2 * 1800
    assert 0 < budget - committed < 1800


async def test_a_stranger_is_a_contact_and_not_a_registered_person(lived: Lived) -> None:
    contacts = await lived.all("Contacts")
    assert sum(contact["person"] is None for contact in contacts) == 3
    assert len({contact["person"]["id"] for contact in contacts if contact["person"]}) == PUBLISHED["registered"]


async def test_appointments_were_kept_missed_and_lie_ahead(lived: Lived) -> None:
    appointments = await lived.all("Appointments")
    assert {"BOOKED", "KEPT", "MISSED"} <= {appointment["status"] for appointment in appointments}
    assert any(datetime.fromisoformat(each["startsAt"]) > lived.since for each in appointments)


@with_curl
async def test_what_is_suggested_next_runs_as_it_is_printed(lived: Lived) -> None:
    """Pasted into a shell: the worklist answers, every part is well, and log, read model and live workflows agree."""
    case, *_ = await lived.all("Cases")
    assert (await lived.ask("CaseFile", id=case["id"]))["availableSteps"]
    (staff,) = [each["id"] for each in await lived.all("StaffMembers") if each["roles"] == ["SUPERVISOR"]]
    said = what_next(Settings(data=Path(".pratica/demo"), port=lived.clone.port), staff=staff)
    commands = "\n".join(line.strip() for line in said.splitlines() if line.startswith("  "))

    worklist, *checked, token = (await lived.clone.sh(f"{commands}\necho $TOKEN")).splitlines()
    answer, _ = json.JSONDecoder().raw_decode(worklist)
    assert len(answer["data"]["worklist"]["nodes"]) == 3
    assert any("workflows are the same" in line for line in checked)

    # Who the token is for is in the register: a step is refused for another reason.
    supervisor = Desk(lived.api, token=token, staff=staff)
    with pytest.raises(Declined) as declined:
        await supervisor.tell("SetUrgency", lived.since, id=case["id"], expectedVersion=1_000, urgency="URGENT")
    assert declined.value.code == "STALE_VERSION"
