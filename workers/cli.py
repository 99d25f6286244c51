"""The `pratica` command."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Coroutine, Iterator
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer
import uvloop
from rich.console import Console
from rich.panel import Panel

from workers import logs
from workers.errors import OperatorError
from workers.settings import Settings

if TYPE_CHECKING:
    from workers.stack import Stack

# Each command imports what it runs: `pratica --help` does not wait a second for Temporal's and PostgreSQL's clients.


class Form(StrEnum):
    """How the demo prints its report: a table for people, or one line of JSON for programs."""

    TABLE = "table"
    JSON = "json"


app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def about() -> None:
    """Pratica, a casework engine for social housing.

    `pratica up` runs everything that is needed on this machine; `worker` and `api` run one part each, against your own
    PostgreSQL and Temporal. Settings are environment variables, PRATICA_...: see the README's table.
    """


@app.command()
def up() -> None:
    """Run everything until Ctrl-C: PostgreSQL, Temporal, worker and API. Data are kept between runs."""
    _run(_up(_settings()))


@app.command()
def demo(
    *,
    exit_when_done: Annotated[bool, typer.Option("--exit", help="End when the report is printed.")] = False,
    form: Annotated[Form, typer.Option("--format", help="How the report is printed, at the end.")] = Form.TABLE,
) -> None:
    """Live the published first weeks through the API, and three months more, on servers of its own, new each time."""
    settings = _settings()
    settings = replace(
        settings,
        database_url="",
        temporal_address="",
        temporal_namespace="demo",
        smtp_url="",
        gateway_url="",  # nobody in it is real: nothing leaves this machine
        data=settings.data / "demo",
        sandbox=False,  # the tests have checked what it checks
    )
    _run(_demo(settings, exit_when_done=exit_when_done, form=form), interrupted=130 if exit_when_done else 0)


@app.command()
def worker() -> None:
    """Run a worker until Ctrl-C: it advances cases. Start as many as you like."""
    from workers.stack import attached  # noqa: PLC0415
    from workers.worker import run_worker  # noqa: PLC0415

    _run(run_worker(attached(_settings(), needs=("database_url", "temporal_address"))))


@app.command()
def api() -> None:
    """Serve the GraphQL API until Ctrl-C. Start as many as you like, each on its own port or machine."""
    from workers.embedded.process import require_free  # noqa: PLC0415
    from workers.server import run_api  # noqa: PLC0415
    from workers.stack import attached  # noqa: PLC0415

    settings = attached(_settings(), needs=("database_url", "temporal_address", "token_secret"))
    require_free(host=settings.host, port=settings.port, setting="PRATICA_PORT")
    _run(run_api(settings))


@app.command()
def migrate() -> None:
    """Bring the database's schema up to date. Running it again does nothing."""
    from workers.stack import attached  # noqa: PLC0415
    from workers.upgrade import upgrade  # noqa: PLC0415

    upgrade(attached(_settings(), needs=("database_url",)))


@app.command()
def schema() -> None:
    """Print the GraphQL schema (SDL), as it is checked in at graphql/schema.graphql."""
    from api.schema import sdl  # noqa: PLC0415

    sys.stdout.write(sdl())


@app.command()
def token(
    *,
    roles: Annotated[list[str], typer.Option("--roles", "--role", help="OPERATOR, SUPERVISOR, ... Repeat, or commas.")],
    districts: Annotated[
        list[str] | None,
        typer.Option("--districts", "--district", help="Ids of the districts in sight. Every one, if left out."),
    ] = None,
    staff: Annotated[str, typer.Option(help="Id of the member of staff. A new one, if left out.")] = "",
    hours: Annotated[float, typer.Option(help="How long it is good for.")] = 12.0,
) -> None:
    """Print an access token for the API, and nothing else. Ids are UUIDs, or as the API gives them."""
    from workers.clock import clock_of  # noqa: PLC0415
    from workers.stack import attached  # noqa: PLC0415
    from workers.tokens import issued  # noqa: PLC0415

    settings = attached(_settings(), needs=("token_secret",))
    now = asyncio.run(clock_of(settings))()
    made = issued(settings.token_secret, roles=roles, districts=districts, staff=staff, hours=hours, now=now)
    sys.stdout.write(made + "\n")


@app.command()
def doctor() -> None:
    """Check every part, and say what is wrong and what to do. The exit code is 1 if something is wrong."""
    from workers.doctor import examine, table  # noqa: PLC0415

    findings = asyncio.run(examine(_settings()))
    Console().print(table(findings))
    raise typer.Exit(any(finding.wrong for finding in findings))


@app.command()
def verify() -> None:
    """Compare event log, read model and live workflows, case by case. The exit code is 1 if something differs."""
    from workers.stack import attached  # noqa: PLC0415
    from workers.verify import report  # noqa: PLC0415

    settings = attached(_settings(), needs=("database_url", "temporal_address"))
    raise typer.Exit(asyncio.run(report(settings, Console(highlight=False, soft_wrap=True))))


def main() -> None:
    """Run the command that the arguments name, and end the process.

    On purpose with os._exit: the threads of a Temporal client can abort an interpreter that is taken down in order.
    """
    code: object = 1
    try:
        try:
            app()
        except* OperatorError as group:
            for failure in _each(group):
                Console(stderr=True, highlight=False, markup=False, soft_wrap=True).print(f"pratica: {failure}")
    except SystemExit as end:
        code = end.code or 0
    except BaseException:  # noqa: BLE001  the interpreter's last resort, which is not reached
        sys.excepthook(*sys.exc_info())
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 1)


async def _up(settings: Settings) -> None:
    from workers.serving import serving  # noqa: PLC0415

    console = Console(highlight=False)
    with console.status("Starting PostgreSQL, Temporal, worker and API") as status:
        async with serving(settings) as running:
            status.stop()
            console.print(_welcome(running))
            await asyncio.get_running_loop().create_future()  # until Ctrl-C, or until a part ends by itself


async def _demo(settings: Settings, *, exit_when_done: bool, form: Form) -> None:
    from workers import demo  # noqa: PLC0415
    from workers.serving import serving  # noqa: PLC0415

    async with serving(settings, anew=True) as running:
        await demo.run(running.settings, exit_when_done=exit_when_done, format=form.value)


def _welcome(running: "Stack") -> Panel:
    settings, office = running.settings, running.post_office
    lines = [
        f"GraphQL    {settings.api_url}",
        f"Temporal   {settings.temporal_address}, namespace {settings.temporal_namespace}",
        f"Messages   {office.gateway_url if office else 'leave by your own servers'}",
        f"Data       {settings.data.resolve()}",
        "Token      .venv/bin/pratica token --help",
        "Check      .venv/bin/pratica doctor",
        "",
        "The README's first steps say how to begin. Ctrl-C stops everything.",
    ]
    return Panel("\n".join(lines), title="Pratica is up", expand=False)


def _settings() -> Settings:
    settings = Settings.from_environment(os.environ)
    logs.configure(settings.log_level)
    return settings


def _run(work: Coroutine[Any, Any, None], *, interrupted: int = 0) -> None:
    """Run to the end, or until Ctrl-C or SIGTERM: then stop everything and end with the exit code `interrupted`."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        told = runner.run(_told_to_stop(work))
    if told:
        raise typer.Exit(interrupted)


async def _told_to_stop(work: Coroutine[Any, Any, None]) -> bool:
    task = asyncio.ensure_future(work)
    told = False

    def stop() -> None:
        nonlocal told
        told = True
        task.cancel()  # a second time it also cuts short an orderly stop: servers are then killed

    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(each, stop)
    try:
        await task
    except asyncio.CancelledError:
        if not told:
            raise
    return told


def _each(group: BaseExceptionGroup[OperatorError]) -> Iterator[OperatorError]:
    for each in group.exceptions:
        if isinstance(each, BaseExceptionGroup):
            yield from _each(each)
        else:
            yield each
