"""Lists of reminders and messages are found by their indexes, however many there are."""

from collections.abc import AsyncIterator, Callable

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.message import MessageStatus
from domain.reminding import ReminderStatus
from domain.roles import Role
from store import messages, reminders
from store.messages import MessageFilter
from store.reminders import ReminderFilter, ReminderOrder
from store.scope import Scope
from tests.world import World


@pytest.fixture
async def planned(engine: AsyncEngine) -> AsyncIterator[tuple[AsyncConnection, Callable[[], str]]]:
    """A connection for which indexes are free, and the plans of what was asked through it."""
    plans: list[str] = []
    async with engine.connect() as connection:
        await connection.execute(text("set enable_seqscan = off"))
        await connection.execute(text("set enable_sort = off"))

        def explain(_connection: object, cursor: object, statement: str, parameters: object, *_: object) -> None:
            if statement.startswith("lock"):  # which has no plan
                return
            cursor.execute(f"explain {statement}", parameters)  # type: ignore[attr-defined]
            plans.append("\n".join(row[0] for row in cursor.fetchall()))  # type: ignore[attr-defined]

        event.listen(engine.sync_engine, "before_cursor_execute", explain)
        yield connection, lambda: plans[-1]
        event.remove(engine.sync_engine, "before_cursor_execute", explain)


@pytest.fixture
def scope(world: World) -> Scope:
    return Scope(staff_id=world.staff, roles=frozenset({Role.SUPERVISOR}), districts=frozenset({world.district}))


Planned = tuple[AsyncConnection, Callable[[], str]]


@pytest.mark.parametrize(
    ("status", "index"), [(ReminderStatus.SCHEDULED, "ix_reminder_due"), (ReminderStatus.DONE, "ix_reminder_over")]
)
@pytest.mark.parametrize("order", [*ReminderOrder])
async def test_reminders_come_in_the_order_of_an_index(
    planned: Planned, scope: Scope, status: ReminderStatus, index: str, order: ReminderOrder
) -> None:
    connection, plan = planned
    given = ReminderFilter(status=status)
    await reminders.reminders(connection, given, order, first=10, after=None, scope=scope)
    assert index in plan()
    assert "Sort" not in plan()


@pytest.mark.parametrize(
    ("given", "index"),
    [
        (MessageFilter(), "ix_message_created_at_id"),
        (MessageFilter(status=(MessageStatus.PERMANENT_FAILURE, MessageStatus.RETURNED)), "ix_message_failed"),
    ],
)
async def test_messages_come_in_the_order_of_an_index(
    planned: Planned, scope: Scope, given: MessageFilter, index: str
) -> None:
    connection, plan = planned
    await messages.messages(connection, given, first=10, after=None, scope=scope)
    assert index in plan()
    assert "Sort" not in plan()


async def test_what_was_sent_about_a_process_is_found_by_the_process(
    planned: Planned, scope: Scope, world: World
) -> None:
    connection, plan = planned
    await messages.of_processes(connection, [world.person], scope=scope)
    assert "ix_message_about" in plan()


async def test_notices_are_found_by_whose_they_are(planned: Planned, scope: Scope) -> None:
    connection, plan = planned
    await messages.notices(connection, unread=True, first=10, after=None, scope=scope)
    assert "ix_message_unread" in plan()
    await messages.unread(connection, scope=scope)
    assert "ix_message_unread" in plan()
    await messages.notices(connection, unread=None, first=10, after=None, scope=scope)
    assert "ix_message_recipient" in plan()
