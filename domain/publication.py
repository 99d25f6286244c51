"""How a version of the policy comes into force: submitted, tried out on what is live, published, adopted."""

from domain.choices import Choice
from domain.roles import Role

PUBLISHERS = frozenset({Role.ADMINISTRATOR})
"""Who submits, publishes and has adopted."""

READERS = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})
"""Who reads the versions, and what they would change."""


class PolicyStatus(Choice):
    """How a version of the policy stands; a withdrawn one is back in force when it is published again."""

    DRAFT = "Bozza", "Draft"
    IN_FORCE = "In vigore", "In force"
    WITHDRAWN = "Non più in vigore", "No longer in force"


class Adopting(Choice):
    """Who has a version of the policy once it is published: what opens from then on, or all that is live too."""

    NEW_ONLY = "Solo ciò che si apre", "Only what opens"
    ALL = "Anche ciò che è in corso", "All that is live too"


class DryRunState(Choice):
    """How far the trial of a version is."""

    RUNNING = "In corso", "Running"
    DONE = "Conclusa", "Done"


class AdoptionState(Choice):
    """How far a bulk adoption is; a stopped one goes on from where it was."""

    RUNNING = "In corso", "Running"
    STOPPED = "Fermata", "Stopped"
    DONE = "Conclusa", "Done"
