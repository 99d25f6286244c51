"""Where the log goes, and what never stands in it: what people are called, what they said, what they owe."""

import logging
import sys
import traceback
from collections.abc import Iterator

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_OURS = ("api", "domain", "store", "workers", "workflows")


def configure(level: str) -> None:
    """Log to standard error: one JSON object a line, or lines for people if it is a terminal.

    Our own messages from `level` (debug, info, warning, error) on, those of libraries from warnings on. Exceptions lose
    their texts, which quote values, statements and inputs, and so do messages that carry some; only `debug` keeps them.
    """
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.processors.format_exc_info if level == "debug" else _without_texts,
    ]
    formatted = structlog.stdlib.ProcessorFormatter.wrap_for_formatter
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, formatted],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    render = structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer()
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, _with_fields if level == "debug" else _first_line],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )
    logging.basicConfig(handlers=[handler])
    for package in _OURS:
        logging.getLogger(package).setLevel(level.upper())


def trace(error: BaseException) -> str:
    """Return where an exception comes from and what kind it is, its causes first, without its text."""
    return "".join(_trace(error))


def _trace(error: BaseException) -> Iterator[str]:
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause:
        yield from _trace(cause)
        yield "which led to\n"
    yield from traceback.format_tb(error.__traceback__)
    yield f"{type(error).__module__}.{type(error).__qualname__}\n"
    for each in error.exceptions if isinstance(error, BaseExceptionGroup) else ():
        yield "one of them\n"
        yield from _trace(each)


def _without_texts(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    raised = event.pop("exc_info", None)
    if raised is True:
        raised = sys.exc_info()
    error = raised[1] if isinstance(raised, tuple) else raised
    if isinstance(error, BaseException):
        event["exception"] = trace(error)
    return event


def _with_fields(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Keep what Temporal's core says beside its message: failures with their texts."""
    if core := getattr(event["_record"], "temporal_log", None):
        event["fields"] = core.fields
    return event


def _first_line(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Leave out the objects that asyncio and Temporal describe below a message: a task shows how it failed."""
    event["event"] = str(event["event"]).partition("\n")[0]
    return event
