"""The published first weeks, lived once for real by `make demo`; then everything is read as a front end reads it.

So are the three months after, whose database and post office it leaves behind.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg.rows import dict_row

from domain.process import Process
from tests.stories.clone import Clone, cloned, with_curl
from workers.demo.client import Api, Declined, Desk
from workers.demo.report import what_next
from workers.demo.weeks import ROME, Weeks
from workers.embedded.post_office import Kept, Letter
from workers.settings import Settings
from workers.stack import attached

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


# The three months after.

OUTSIDE = frozenset({"EMAIL", "SMS", "LETTER"})


@dataclass(frozen=True, kw_only=True)
class Months:
    """What was printed of the months, the rows of what was told (each with its languages), and the post office."""

    printed: dict[str, Any]
    messages: list[dict[str, Any]]
    letters: list[Letter]
    days: frozenset[date]

    @property
    def to_persons(self) -> list[dict[str, Any]]:
        """What persons were told."""
        return [each for each in self.messages if each["recipient"] == "PERSON"]


@pytest.fixture(scope="module")
async def months(lived: Lived) -> Months:
    folder = lived.clone.folder / ".pratica" / "demo"
    url = urlsplit(attached(Settings(data=folder)).database_url)._replace(path="/months").geturl()
    async with await psycopg.AsyncConnection.connect(url, row_factory=dict_row) as connection:
        told = "select m.*, p.languages from message m left join person p on p.id = m.recipient_id"
        rows = await (await connection.execute(told)).fetchall()
    days = Weeks(date.fromisoformat(lived.report["to"])).days
    letters = [*Kept(folder / "months" / "post-office").newest_first()]
    return Months(printed=lived.report["months"], messages=rows, letters=letters, days=frozenset(days))


async def test_the_months_are_told_to_everybody_by_every_channel_and_climb(months: Months) -> None:
    told = months.printed["told"]
    assert {each["whom"] for each in told} >= {"PERSON", "OPERATOR", "SUPERVISOR", "REFERENT", "DEPUTY_REFERENT"}
    assert {each["channel"] for each in told} == {"SMS", "EMAIL", "LETTER", "IN_APP"}
    assert all(sum(each[became] for each in told) for became in ("delivered", "failed", "returned"))
    assert {"appointment.1", "payment.1", "papers.1", "partner.1", "notice.1"} <= {each["clause"] for each in told}
    assert months.printed["merged"]
    assert months.printed["put_off"]
    assert any(each["open"] for each in months.printed["climbed"])
    assert any(each["done"] for each in months.printed["climbed"])


async def test_what_was_told_is_what_the_post_office_holds(months: Months) -> None:
    """Message by message: beside those of an earlier channel, which had failed."""
    assert months.printed["post_office"] == Counter(letter.channel.upper() for letter in months.letters)
    assert months.printed["messages"] == Counter(each["channel"] for each in months.messages)
    left = {str(each["key"]): each["channel"] for each in months.messages if each["channel"] in OUTSIDE}
    held = {letter.key: letter.channel.upper() for letter in months.letters}
    assert left.items() <= held.items()
    earlier = [letter for letter in months.letters if letter.key not in left]
    assert all(any("failed" in receipt for receipt in letter.receipts) for letter in earlier)


async def test_nobody_is_written_to_twice_a_day_unless_it_is_urgent_or_formal(months: Months) -> None:
    days = Counter(
        (each["recipient_id"], each["sent_at"].astimezone(ROME).date())
        for each in months.to_persons
        if each["sent_at"] and not each["alone"]
    )
    assert days
    assert max(days.values()) == 1


async def test_nothing_leaves_at_night_or_on_closed_days(months: Months) -> None:
    """By the hour that the post office stamps on it; what is urgent leaves on any day, in the same hours."""
    urgent = {str(each["key"]) for each in months.messages if each["alone"] and not each["formal"]}
    arrived = {letter.key: datetime.fromisoformat(letter.at).astimezone(ROME) for letter in months.letters}
    assert {key for key, at in arrived.items() if not time(8, 30) <= at.time() < time(19, 31)} == set()
    assert {key for key, at in arrived.items() if at.date() not in months.days} <= urgent


async def test_everybody_is_written_to_in_their_own_language(months: Months) -> None:
    """The best understood of those that the policy has; what is formal counts in Italian, and is translated beneath."""
    ours = ("it", "en", "ar")
    expected = [
        "it" if row["formal"] else next((each for each in row["languages"] if each in ours), "it")
        for row in months.to_persons
    ]
    assert [row["language"] for row in months.to_persons] == expected
    assert {"it", "ar"} <= {*expected}


async def test_the_months_are_three(months: Months) -> None:
    since, until = (date.fromisoformat(months.printed[name]) for name in ("from", "to"))
    assert until - since == timedelta(days=91)
    assert max(each["created_at"] for each in months.messages).date() > until - timedelta(days=7)
