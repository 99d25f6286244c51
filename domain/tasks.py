"""Why somebody of the agency has something to do."""

from domain.choices import Choice


class TaskReason(Choice):
    """Why there is a task.

    The first two follow from the process itself. The others are raised by what time does, and are done when the state
    is left, or when somebody says so.
    """

    STATE = "Il procedimento aspetta", "The process waits"
    OVERDUE = "È scaduto", "It is overdue"
    ESCALATED = "Nulla si muove", "Nothing moves"
    FOLLOW_UP = "Seguito da fare", "To be followed up"
    PHONE_CALL = "Da telefonare", "To be called"
    BY_HAND = "Da consegnare a mano", "To be delivered by hand"
    UNDELIVERED = "Messaggio non recapitato", "Message not delivered"


RAISED = frozenset(TaskReason) - {TaskReason.STATE, TaskReason.OVERDUE}
"""What is raised, and done, as an event of its own."""

MOVED = frozenset({TaskReason.ESCALATED, TaskReason.FOLLOW_UP})
"""What is done as soon as a person takes any step: then something has moved."""
