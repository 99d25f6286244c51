"""The policy of an empty database: the document that its first version is."""

from importlib.resources import files

from domain import policy
from domain.policy import Policy, PolicyInvalid
from domain.processes import PROCESSES
from workers.errors import BadSetting
from workers.settings import Settings

_SHIPPED = "policies/lombardia.yaml"


def first(settings: Settings) -> tuple[str, Policy]:
    """Return the document that PRATICA_POLICY names, or the shipped one, and what it says.

    Raises BadSetting with everything that is wrong with it, line by line.
    """
    file = settings.policy or files("domain").joinpath(_SHIPPED)
    try:
        document = file.read_text("utf-8")
        return document, policy.load(document, PROCESSES)
    except (PolicyInvalid, UnicodeDecodeError) as error:
        message = f"PRATICA_POLICY, {file}, cannot be used:\n{error}"
        raise BadSetting(message) from error
