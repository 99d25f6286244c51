"""Who acts: the agency's roles, and the parties outside it that a state may wait for (DOMAIN section 5)."""

from domain.choices import Choice


class Role(Choice):
    """Roles of the agency's staff, of a partner's referent, and of the engine where policy lets it act (no token's)."""

    OPERATOR = "Community manager", "Community manager"
    EDUCATOR = "Educatore", "Educator"
    TECHNICIAN = "Tecnico", "Technician"
    PSYCHOLOGIST = "Psicologo", "Psychologist"
    MEDIATOR = "Mediatore", "Mediator"
    ADMINISTRATIVE = "Ufficio amministrativo", "Administrative office"
    CUSTODIAN = "Custode", "Custodian"
    PARTNER_REFERENT = "Referente dell'ente partner", "Partner's referent"
    SUPERVISOR = "Supervisore", "Supervisor"
    ADMINISTRATOR = "Amministratore", "Administrator"
    ENGINE = "Pratica", "Pratica"


class Party(Choice):
    """Who outside the agency a state may wait for; staff record their steps on their behalf."""

    TENANT = "Inquilino", "Tenant"
    PARTNER = "Ente partner", "Partner"
    CONTRACTOR = "Impresa", "Contractor"


FIELD = frozenset({Role.OPERATOR, Role.EDUCATOR, Role.PSYCHOLOGIST, Role.MEDIATOR, Role.SUPERVISOR})
"""Staff who meet tenants and carry their cases."""

OFFICE = frozenset({Role.OPERATOR, Role.ADMINISTRATIVE, Role.SUPERVISOR})
"""Staff who handle papers and money."""

TECHNICAL = frozenset({Role.OPERATOR, Role.TECHNICIAN, Role.SUPERVISOR})
"""Staff who order and check works."""

STAFF = frozenset(Role) - {Role.PARTNER_REFERENT, Role.ENGINE}
"""Everybody who works for the agency."""
