"""What people do about what the engine does when time passes: they see it before, call it off, or have it leave now."""

from domain.choices import Choice
from domain.register import MANAGERS
from domain.roles import FIELD, OFFICE, TECHNICAL, Role


class ReminderStatus(Choice):
    """How a reminder stands."""

    SCHEDULED = "In programma", "Scheduled"
    CLAIMED = "In corso", "Under way"
    DONE = "Fatto", "Done"
    CANCELLED = "Annullato", "Cancelled"


CANCELLED_BY_STAFF = "CANCELLED_BY_STAFF"
"""The code of a reminder that somebody called off."""

STOP_CANCELLED, STOP_HELD = "STOP_CANCELLED", "STOP_HELD"
"""The codes of reminders of an appointment at a stop that is cancelled; and of that news, if it is held after all."""

HANDLERS = FIELD | OFFICE | TECHNICAL | MANAGERS
"""Who may call off an ordinary message, or have it leave now."""

DECIDERS = frozenset({Role.SUPERVISOR})
"""Who may do so with what has an effect of its own: a formal notice, a task, a step that the engine takes."""
