import asyncio
import json
import sys
import textwrap
from typing import Any

import pytest

from workers import embedded

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


_WORKER = """
    import asyncio, gc, logging, os
    from temporalio import workflow
    from temporalio.worker import UnsandboxedWorkflowRunner, Worker
    from workers import engine, logs
    from workers.settings import Settings

    tries = []

    @workflow.defn
    class Stumbling:
        @workflow.run
        async def run(self) -> None:
            async def forgotten() -> None:
                raise ValueError("Mario " + "Rossi owes 1,200 EUR")

            tries.append(workflow.info().attempt)
            task = asyncio.ensure_future(forgotten())
            if len(tries) == 1:
                await task
            await asyncio.sleep(0)
            del task
            gc.collect()

    class Seen(logging.Handler):
        def emit(self, record):
            loop.call_soon_threadsafe(seen.set)

    async def main():
        global loop, seen
        loop, seen = asyncio.get_running_loop(), asyncio.Event()
        logging.getLogger("temporalio.core").addHandler(Seen())
        client = await engine.connect(Settings(temporal_address={address!r}, temporal_namespace={namespace!r}))
        worker = Worker(
            client, task_queue={id!r}, workflows=[Stumbling], workflow_runner=UnsandboxedWorkflowRunner()
        )
        async with asyncio.timeout(30), worker:
            await client.execute_workflow("Stumbling", id={id!r}, task_queue={id!r})
            await seen.wait()

    logs.configure({level!r})
    asyncio.run(main())
    logging.shutdown()
    os._exit(0)  # as `pratica` ends: see workers.cli.main
"""


async def _logged(level: str, program: str = _PROGRAM, **given: str) -> tuple[list[dict[str, Any]], str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        textwrap.dedent(program.format(level=level, **given)),
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


@pytest.mark.parametrize("level", ["info", "debug"])
async def test_temporal_logs_as_we_do(level: str, temporal_server: embedded.Temporal) -> None:
    """Its core too, which is no Python: on standard error, and without what a failure quotes."""
    entries, log = await _logged(
        level, _WORKER, address=temporal_server.address, namespace=temporal_server.namespace, id=f"stumbling-{level}"
    )

    events = {(each["logger"], each["event"].partition("\n")[0], each["level"]) for each in entries}
    assert ("temporalio.core", "Failing workflow task", "warning") in events
    assert ("temporalio.worker._workflow_instance", "Task exception was never retrieved", "error") in events
    assert ("Mario Rossi" in log) is (level == "debug")
