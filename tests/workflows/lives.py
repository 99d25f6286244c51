"""A case that goes a long way, for tests that look at its history."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from domain.document_practice import DocumentPractice
from domain.process import Process
from domain.tenant_case import TenantCase
from tests.workflows.versions import LONGER, adopt
from tests.world import Cases, World


async def live_a_case(cases: Cases, world: World) -> UUID:
    """Open, convene, miss, come, interview, take charge, a track, monitor, close, reopen, adopt another policy.

    Return the case's id.
    """
    case_id, track = uuid4(), uuid4()
    now = datetime.now(UTC)
    long_ago = now - timedelta(days=40)
    version = {case_id: 1, track: 1}

    async def take(process: type[Process], step: str, on: UUID, at: datetime, **given: object) -> None:
        request = world.request(process, step, given, on=on, version=version[on], at=at)
        version[on] = (await cases.take(case_id, request)).version

    await cases.open(world.open_case(case_id, at=long_ago))
    appointment = (long_ago + timedelta(days=3)).isoformat()
    await take(TenantCase, "convene", case_id, long_ago, stop=str(world.past_stop), appointment=appointment)
    await take(TenantCase, "record_no_show", case_id, long_ago + timedelta(days=4))
    needs = [{"area": "ECONOMIC"}, {"area": "HEALTH"}]
    await take(TenantCase, "record_interview", case_id, long_ago + timedelta(days=5), needs=needs)
    await cases.take(
        case_id,
        world.request(DocumentPractice, "open", {"document": "ISEE"}, on=track, at=long_ago + timedelta(days=5)),
    )
    version[case_id] += 1
    await take(TenantCase, "take_charge", case_id, long_ago + timedelta(days=6))
    await take(DocumentPractice, "enter_in_error", track, long_ago + timedelta(days=7))
    version[case_id] += 1
    await take(TenantCase, "monitor", case_id, long_ago + timedelta(days=8))
    await take(TenantCase, "close", case_id, now - timedelta(days=1), outcome="RESOLVED")
    await take(TenantCase, "reopen", case_id, now)
    await adopt(cases, case_id, LONGER)
    return case_id
