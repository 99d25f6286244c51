"""Faults, each on its own way: mended, mended twice, nobody at home, on hold, somebody else's, reported twice."""

from datetime import datetime, time, timedelta

from workers.demo.client import Process
from workers.demo.story import Story
from workers.demo.weeks import Clock, moment

_CONTRACTORS = ("Idraulica Lago srl", "Edil Campo snc", "Elettro Nord srl")
_IN_DWELLINGS = (
    ("WATER", "Perde il rubinetto della cucina, il mobile si è gonfiato."),
    ("DAMP", "Macchia di muffa sul muro della camera, torna ogni inverno."),
    ("HEATING", "Il termosifone del soggiorno resta freddo."),
    ("DOORS_WINDOWS", "La finestra del bagno non chiude."),
    ("ELECTRICITY", "Salta il contatore quando si accende il forno."),
    ("PESTS", "Scarafaggi dallo scarico del bagno."),
    ("OTHER", "La tapparella è bloccata a metà."),
)
_LIFT = ("LIFT", "L'ascensore si ferma tra il secondo e il terzo piano.")
_IN_COMMON_PARTS = (
    ("DOORS_WINDOWS", "Il portone non si chiude, entra chiunque."),
    ("ELECTRICITY", "Luci delle scale spente da una settimana."),
    ("STRUCTURE", "Cadono calcinacci dal cornicione sopra l'ingresso."),
)


async def mended(story: Story, clock: Clock) -> None:
    """The fault is mended, and the tenant says so."""
    fault = await _in_progress(story, clock)
    await _verified(story, fault, clock)


async def mended_the_second_time(story: Story, clock: Clock) -> None:
    """The first repair does not hold: the tenant says so, and the contractor comes back."""
    fault = await _in_progress(story, clock)
    await fault.take(story.office.technician, "CompleteWorks", clock.days(1))
    await fault.take(story.operator, "RejectWorks", clock.days(1), note="Dopo due giorni perde di nuovo.")
    await _scheduled(story, fault, clock)
    await fault.take(story.office.technician, "StartWorks", clock.minutes())
    await _verified(story, fault, clock)


async def nobody_home(story: Story, clock: Clock) -> None:
    """Three times the contractor finds nobody, and the operator sees to it."""
    fault = await _ordered(story, clock)
    while fault.state != "NO_ACCESS":
        await _scheduled(story, fault, clock)
        await fault.take(story.office.technician, "RecordNoAccess", clock.minutes())


async def mended_at_last(story: Story, clock: Clock) -> None:
    """Three times nobody is at home; the operator calls by, and with an appointment that suits it is mended."""
    fault = await _ordered(story, clock)
    while fault.state != "NO_ACCESS":
        await _scheduled(story, fault, clock)
        await fault.take(story.office.technician, "RecordNoAccess", clock.minutes())
    clock.days(1)
    await _scheduled(story, fault, clock, by_operator=True)
    await fault.take(story.office.technician, "StartWorks", clock.minutes())
    await _verified(story, fault, clock)


async def waits_for_material(story: Story, clock: Clock) -> None:
    """The works have begun, and wait for a part."""
    fault = await _in_progress(story, clock)
    await fault.take(story.office.technician, "HoldWorks", clock.days(1), reason="MATERIAL")


async def works_begun(story: Story, clock: Clock) -> None:
    """The contractor is at work."""
    await _in_progress(story, clock)


async def works_done(story: Story, clock: Clock) -> None:
    """The contractor says it is mended; the tenant has yet to confirm."""
    fault = await _in_progress(story, clock)
    await fault.take(story.office.technician, "CompleteWorks", clock.days(1))


async def contractor_comes(story: Story, clock: Clock) -> None:
    """Ordered, and the contractor has said when."""
    fault = await _ordered(story, clock)
    at = clock.days(2)
    appointment = _morning(clock, days=6)
    await fault.take(story.office.technician, "ScheduleWorks", at, appointment=appointment.isoformat())


async def ordered(story: Story, clock: Clock) -> None:
    """Ordered; the contractor has not said when."""
    await _ordered(story, clock)


async def triaged(story: Story, clock: Clock) -> None:
    """The technician knows how urgent it is; nothing is ordered yet."""
    await _triaged(story, clock)


async def reported(story: Story, clock: Clock) -> None:
    """Told at the mobile office, and not looked at yet."""
    await _reported(story, clock)


async def reported_by_mistake(story: Story, clock: Clock) -> None:
    """Taken down for the wrong dwelling: it stays in the history, and out of the reports."""
    fault = await _reported(story, clock)
    await fault.take(story.office.supervisor, "EnterFaultInError", clock.minutes())


async def condominium(story: Story, clock: Clock) -> None:
    """In the common parts of a mixed building: the condominium's, and the tenant is told."""
    fault = await _reported(story, clock, common_parts=True)
    await fault.take(
        story.office.technician, "TriageFault", clock.days(1),
        priority="ORDINARY", responsibility="CONDOMINIUM", tenantTold=True,
    )  # fmt: skip


async def lift(story: Story, clock: Clock) -> None:
    """The lift of a whole building; others report it too."""
    fault = await _reported(story, clock, told=_LIFT, common_parts=True)
    story.office.lift_fault.set_result(fault.id)
    await fault.take(story.office.technician, "TriageFault", clock.minutes(), priority="URGENT")
    await fault.take(
        story.office.technician, "OrderWorks", clock.minutes(), contractor="Ascensori Prealpi spa", orderNumber="OL-1"
    )
    await fault.take(story.office.technician, "StartWorks", clock.days(1))
    await _verified(story, fault, clock)


async def lift_again(story: Story, clock: Clock) -> None:
    """The same lift, reported by a neighbour."""
    fault = await _reported(story, clock, told=_LIFT, common_parts=True)
    await fault.take(
        story.office.technician, "CancelWorks", clock.days(1),
        reason="DUPLICATE", duplicateOf=await story.office.lift_fault,
    )  # fmt: skip


async def _reported(
    story: Story, clock: Clock, *, told: tuple[str, str] | None = None, common_parts: bool = False
) -> Process:
    category, description = told or story.chance.choice(_IN_COMMON_PARTS if common_parts else _IN_DWELLINGS)
    where = {"place": "COMMON_PARTS"} if common_parts else {"place": "DWELLING", "dwelling": await story.dwelling()}
    return await story.open(
        story.operator, "ReportFault", clock.minutes(), category=category, description=description, **where
    )


async def _triaged(story: Story, clock: Clock) -> Process:
    fault = await _reported(story, clock)
    priority = story.chance.choice(("URGENT", "ORDINARY", "ORDINARY", "PLANNED"))
    await fault.take(story.office.technician, "TriageFault", clock.days(1), priority=priority)
    return fault


async def _ordered(story: Story, clock: Clock) -> Process:
    fault = await _triaged(story, clock)
    await fault.take(
        story.office.technician, "OrderWorks", clock.minutes(),
        contractor=story.chance.choice(_CONTRACTORS), orderNumber=f"OL-{clock.today:%y%m%d}",
    )  # fmt: skip
    return fault


async def _scheduled(story: Story, fault: Process, clock: Clock, *, by_operator: bool = False) -> None:
    """Fix a morning with the tenant, and let it come."""
    desk = story.operator if by_operator else story.office.technician
    appointment = _morning(clock, days=2)
    await fault.take(desk, "ScheduleWorks", clock.minutes(), appointment=appointment.isoformat())
    clock.at(appointment)


async def _in_progress(story: Story, clock: Clock) -> Process:
    fault = await _ordered(story, clock)
    clock.days(1)
    await _scheduled(story, fault, clock)
    await fault.take(story.office.technician, "StartWorks", clock.minutes())
    return fault


async def _verified(story: Story, fault: Process, clock: Clock) -> None:
    await fault.take(story.office.technician, "CompleteWorks", clock.minutes())
    await fault.take(story.operator, "VerifyWorks", clock.days(2))


def _morning(clock: Clock, *, days: int) -> datetime:
    day = clock.weeks.working_day(clock.today + timedelta(days=1), later=days - 1)
    return moment(day, time(10))
