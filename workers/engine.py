"""The connection to Temporal, made the same way by every process."""

import logging
from functools import cache

from temporalio.client import Client
from temporalio.runtime import LogForwardingConfig, LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter
from temporalio.service import RetryConfig

from workers.errors import ServerFailed
from workers.settings import Settings
from workflows.converter import data_converter

PATIENCE = RetryConfig(max_elapsed_time_millis=2_000)
"""A call that the server turns away is tried again for so long: less than a client of the API waits for its answer."""

_LOGGED = TelemetryFilter(core_level="WARN", other_level="ERROR")


@cache
def runtime() -> Runtime:
    """Return what Temporal's clients of this process run on; it logs as Python does, see `workers.logs`."""
    # Not the fields, which quote failures: `workers.logs` says who may see them.
    forwarding = LogForwardingConfig(
        logger=logging.getLogger("temporalio.core"),
        append_target_to_name=False,
        prepend_target_on_message=False,
        append_log_fields_to_message=False,
    )
    return Runtime(telemetry=TelemetryConfig(logging=LoggingConfig(filter=_LOGGED, forwarding=forwarding)))


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
            retry_config=PATIENCE,
            lazy=lazy,
            runtime=runtime(),
        )
    except RuntimeError as error:
        message = f"Temporal does not answer at {settings.temporal_address} (PRATICA_TEMPORAL_ADDRESS): {error}"
        raise ServerFailed(message) from error
