import asyncio
import json
import sys
import textwrap

import pytest

_PROGRAM = """
    import logging, structlog
    from workers import logs

    logs.configure({level!r})

    def register(person):
        try:
            raise ValueError(f"{{person}} owes 1,200 EUR")
        except ValueError as error:
            raise KeyError(person) from error

    try:
        try:
            register("Mario " + "Rossi")
        except KeyError as error:
            raise ExceptionGroup("Mario " + "Rossi", [error])
    except ExceptionGroup as error:
        structlog.get_logger("api.execution").error("unexpected", request="1", exc_info=error)
        logging.getLogger("sqlalchemy").exception("failed")
        logging.getLogger("workers").info("hello")
        logging.getLogger("sqlalchemy").info("hello")
"""


async def _logged(level: str) -> tuple[list[dict[str, str]], str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        textwrap.dedent(_PROGRAM.format(level=level)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, log = await process.communicate()
    assert (process.returncode, output) == (0, b""), log.decode()
    return [json.loads(line) for line in log.decode().splitlines()], log.decode()


async def test_a_logged_exception_says_where_and_what_kind_but_not_its_text() -> None:
    entries, log = await _logged("info")

    ours, library, hello = entries
    assert (ours["event"], ours["request"], ours["logger"], ours["level"]) == (
        "unexpected",
        "1",
        "api.execution",
        "error",
    )
    assert (library["event"], hello["event"]) == ("failed", "hello")
    for entry in (ours, library):
        lines = entry["exception"].splitlines()
        assert {"builtins.ValueError", "builtins.KeyError", "builtins.ExceptionGroup"} <= set(lines)
        assert any("in register" in line for line in lines)
    assert "Rossi" not in log
    assert "1,200" not in log


async def test_only_debug_keeps_the_texts() -> None:
    _, log = await _logged("debug")

    assert "Mario Rossi owes 1,200 EUR" in log


@pytest.mark.parametrize(
    ("level", "events"), [("warning", ["unexpected", "failed"]), ("error", ["unexpected", "failed"])]
)
async def test_less_important_messages_are_left_out(level: str, events: list[str]) -> None:
    entries, _ = await _logged(level)

    assert [entry["event"] for entry in entries] == events
