"""The policy document that this program works by."""

from importlib.resources import files

from domain import policy
from domain.policy import Policy, PolicyInvalid
from domain.processes import PROCESSES
from workers.errors import BadSetting
from workers.settings import Settings

_SHIPPED = "policies/lombardia.yaml"


def load(settings: Settings) -> Policy:
    """Return the policy that PRATICA_POLICY names, or the shipped one.

    Raises BadSetting with everything that is wrong with it, line by line.
    """
    document = settings.policy or files("domain").joinpath(_SHIPPED)
    try:
        return policy.load(document.read_text("utf-8"), PROCESSES)
    except (PolicyInvalid, UnicodeDecodeError) as error:
        message = f"PRATICA_POLICY, {document}, cannot be used:\n{error}"
        raise BadSetting(message) from error
