"""Is every part of Pratica well? If not: what is wrong, and what to do."""

import asyncio
import os
import platform
import shutil
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
from alembic.script import ScriptDirectory
from rich.table import Table
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, DescribeTaskQueueRequest
from temporalio.service import RPCError, RPCStatusCode

import migrations
from workers import embedded, policy
from workers.channels import gateway_of, mail_of
from workers.channels.gateway import GatewayTrouble
from workers.channels.smtp import MailTrouble
from workers.engine import connect
from workers.errors import OperatorError
from workers.settings import Settings
from workers.stack import attached, running
from workflows.messages import TASK_QUEUE

_PATIENCE_SECONDS = 10.0
_DISK_BYTES = 2**30
_POSTGRESQL = 18
_POLLS_EVERY_SECONDS = 75


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What was seen of one part; `remedy` says what to do and is empty when all is well."""

    part: str
    seen: str
    remedy: str = ""

    @property
    def wrong(self) -> bool:
        """Whether there is something to do."""
        return bool(self.remedy)


class _Wrong(Exception):
    def __init__(self, seen: str, *, remedy: str) -> None:
        super().__init__(seen)
        self.remedy = remedy


async def examine(settings: Settings) -> list[Finding]:
    """Check every part once, each within 10 seconds. Nothing is changed, nothing is raised for what is wrong."""
    with suppress(OperatorError):  # what is wrong with the folder is one of the findings
        settings = attached(settings)
    checks: dict[str, Callable[[Settings], Awaitable[str]]] = {
        "Platform": _platform,
        "Data folder": _data_folder,
        "Policy": _policy,
        "PostgreSQL": _postgresql,
        "Schema": _schema,
        "Temporal": _temporal,
        "Worker": _worker,
        "API": _api,
        "E-mail": _mail,
        "Gateway": _gateway,
    }
    return [await _finding(part, check(settings)) for part, check in checks.items()]


def table(findings: list[Finding]) -> Table:
    """Return the findings for a terminal."""
    drawn = Table("", "part", "what is seen", "what to do")
    for each in findings:
        drawn.add_row("[red]✗" if each.wrong else "[green]✓", each.part, each.seen, each.remedy)
    return drawn


async def _finding(part: str, check: Awaitable[str]) -> Finding:
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            return Finding(part=part, seen=await check)
    except _Wrong as wrong:
        return Finding(part=part, seen=str(wrong), remedy=wrong.remedy)
    except TimeoutError:
        return Finding(part=part, seen=f"no answer within {_PATIENCE_SECONDS:.0f} s", remedy="look at its log")


async def _platform(settings: Settings) -> str:
    library, version = platform.libc_ver()
    seen = f"Python {platform.python_version()}, {platform.system()} {platform.machine()} {library} {version}".strip()
    fits = library == "glibc" or sys.platform == "darwin"
    if not fits and not (settings.database_url and settings.temporal_address):
        remedy = "PostgreSQL's wheel needs Linux with glibc, or macOS: set PRATICA_DATABASE_URL to a server of yours"
        raise _Wrong(seen, remedy=remedy)
    return seen


async def _data_folder(settings: Settings) -> str:
    try:
        running(settings.data)
    except OperatorError as error:
        raise _Wrong(str(error), remedy="run this as its owner, or choose another with PRATICA_DATA") from error
    place = _nearest(settings.data.resolve())
    if not os.access(place, os.W_OK | os.X_OK):
        raise _Wrong(f"{place} cannot be written to", remedy="choose another with PRATICA_DATA")
    # Run by root, PostgreSQL keeps its data elsewhere, behind a link.
    free = min(shutil.disk_usage(_nearest(path.resolve())).free for path in (place, settings.data / "postgres"))
    if free < _DISK_BYTES:
        raise _Wrong(f"{free / 2**20:.0f} MB free", remedy="free some disk space: 1 GB is little")
    gone = ", ".join(map(str, embedded.left()))
    others = f"; data of folders that are gone, to be deleted if none was copied or moved: {gone}" if gone else ""
    return f"{settings.data.resolve()}, {free / 2**30:.0f} GB free{others}"


async def _policy(settings: Settings) -> str:
    try:
        return policy.first(settings)[1].id
    except OperatorError as error:
        raise _Wrong(str(error), remedy="correct these lines") from error


async def _postgresql(settings: Settings) -> str:
    _require(settings.database_url, variable="PRATICA_DATABASE_URL")
    try:
        async with await psycopg.AsyncConnection.connect(settings.database_url) as connection:
            version = connection.info.server_version // 10000
    except psycopg.Error as error:
        remedy = "start it, or correct PRATICA_DATABASE_URL"
        raise _Wrong(str(error).splitlines()[0], remedy=remedy) from error
    if version < _POSTGRESQL:
        raise _Wrong(f"version {version}", remedy=f"upgrade it to version {_POSTGRESQL}")
    return f"version {version}"


async def _schema(settings: Settings) -> str:
    _require(settings.database_url, variable="PRATICA_DATABASE_URL")
    newest = ScriptDirectory.from_config(migrations.configuration(settings.database_url)).get_current_head()
    try:
        async with await psycopg.AsyncConnection.connect(settings.database_url) as connection:
            row = await (await connection.execute("SELECT version_num FROM alembic_version")).fetchone()
    except psycopg.errors.UndefinedTable:
        row = None
    except psycopg.Error as error:
        raise _Wrong("cannot be read", remedy="PostgreSQL first") from error
    found = row[0] if row else "no tables yet"
    if found != newest:
        raise _Wrong(f"{found}, and the newest is {newest}", remedy="run `pratica migrate`")
    return found


async def _temporal(settings: Settings) -> str:
    _require(settings.temporal_address, variable="PRATICA_TEMPORAL_ADDRESS")
    namespace = settings.temporal_namespace
    try:
        client = await connect(settings)
        await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=namespace))
    except OperatorError as error:
        raise _Wrong(str(error), remedy="start it, or correct PRATICA_TEMPORAL_ADDRESS") from error
    except RPCError as error:
        remedy = f"create it (`temporal operator namespace create -n {namespace}`) or set PRATICA_TEMPORAL_NAMESPACE"
        raise _Wrong(f"namespace {namespace}: {error.message}", remedy=remedy) from error
    return f"{settings.temporal_address}, namespace {namespace}"


async def _worker(settings: Settings) -> str:
    _require(settings.temporal_address, variable="PRATICA_TEMPORAL_ADDRESS")
    asked = DescribeTaskQueueRequest(
        namespace=settings.temporal_namespace,
        task_queue=TaskQueue(name=TASK_QUEUE),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )
    try:
        answer = await (await connect(settings)).workflow_service.describe_task_queue(asked)
    except (OperatorError, RPCError) as error:
        if isinstance(error, RPCError) and error.status is RPCStatusCode.UNIMPLEMENTED:
            return "a time-skipping server does not tell"
        raise _Wrong("cannot be seen", remedy="Temporal first") from error
    # One that ended stays in the list for some minutes; one that lives asks again at least every minute.
    asking = [each for each in answer.pollers if time.time() - each.last_access_time.ToSeconds() < _POLLS_EVERY_SECONDS]
    if not asking:
        raise _Wrong(f"nobody asks for the work of {TASK_QUEUE}", remedy="start `pratica worker`")
    return f"{len(asking)} at work"


async def _api(settings: Settings) -> str:
    url = settings.api_url
    with suppress(OperatorError):
        if found := running(settings.data):
            url = found.api_url
    remedy = "start `pratica up` or `pratica api`; is PRATICA_PORT right?"
    try:
        async with httpx.AsyncClient(trust_env=False) as client:
            ready = (await client.get(httpx.URL(url).join("/ready"))).json()
    except httpx.TransportError as error:
        raise _Wrong(f"{url}: {error}", remedy=remedy) from error
    except ValueError:
        ready = None
    match ready:
        case {"postgresql": True, "temporal": True}:
            return url
        case {"postgresql": bool(), "temporal": bool()}:
            missed = " and ".join(
                part for part, name in (("PostgreSQL", "postgresql"), ("Temporal", "temporal")) if not ready[name]
            )
            raise _Wrong(f"{url} does not reach {missed}", remedy=f"{missed} first, then the log of the API")
        case _:
            raise _Wrong(f"{url}: another program answers", remedy=remedy)


async def _mail(settings: Settings) -> str:
    if not settings.smtp_url:
        return _not_set_up(settings.gateway_url, variable="PRATICA_SMTP_URL", what="no e-mail leaves")
    mail = mail_of(settings)
    if mail is None:
        raise _Wrong("from whom it is, nobody said", remedy="set PRATICA_MAIL_FROM")
    try:
        return await mail.check()
    except MailTrouble as trouble:
        remedy = "start it, or correct PRATICA_SMTP_URL"
        remedies = {
            "535": "correct user and password in PRATICA_SMTP_URL",
            "TLS_FAILED": "use the host name of its certificate, or name your authority in SSL_CERT_FILE",
            "NOT_OFFERED": "use a port with STARTTLS, smtps://, or no user and password in PRATICA_SMTP_URL",
        }
        raise _Wrong(str(trouble), remedy=remedies.get(trouble.code, remedy)) from trouble


async def _gateway(settings: Settings) -> str:
    if not settings.gateway_url:
        return _not_set_up(settings.smtp_url, variable="PRATICA_GATEWAY_URL", what="no SMS and no letters leave")
    try:
        async with gateway_of(settings) as gateway:
            seen = await gateway.check()
    except GatewayTrouble as trouble:
        variable = "PRATICA_GATEWAY_SECRET" if trouble.code in {"401", "403"} else "PRATICA_GATEWAY_URL"
        raise _Wrong(str(trouble), remedy=f"start it, or correct {variable}") from trouble
    return seen if settings.receipt_secret else f"{seen}; receipts are not taken: PRATICA_RECEIPT_SECRET is not set"


def _not_set_up(other: str, *, variable: str, what: str) -> str:
    _require(other, variable=variable)
    return f"not set up: {what}"


def _require(address: str, *, variable: str) -> None:
    if not address:
        raise _Wrong("does not run here", remedy=f"start `pratica up`, or set {variable}")


def _nearest(path: Path) -> Path:
    """Return the folder, or the nearest one above it that exists."""
    return next(each for each in (path, *path.parents) if each.exists())
