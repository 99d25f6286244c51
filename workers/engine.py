"""The connection to Temporal, made the same way by every process."""

from temporalio.client import Client

from workers.errors import ServerFailed
from workers.settings import Settings
from workflows.converter import data_converter


async def connect(settings: Settings, *, lazy: bool = False) -> Client:
    """Return a client of the namespace that the settings name; a `lazy` one connects when it is first used.

    Raises ServerFailed if nothing answers at the address.
    """
    try:
        return await Client.connect(
            settings.temporal_address,
            namespace=settings.temporal_namespace,
            api_key=settings.temporal_api_key or None,
            tls=settings.temporal_tls or bool(settings.temporal_api_key),
            data_converter=data_converter,
            lazy=lazy,
        )
    except RuntimeError as error:
        message = f"Temporal does not answer at {settings.temporal_address} (PRATICA_TEMPORAL_ADDRESS): {error}"
        raise ServerFailed(message) from error
