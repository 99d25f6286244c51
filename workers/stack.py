"""The servers that Pratica needs: its own, kept in the data folder, or those that the settings name."""

import asyncio
import fcntl
import json
import os
import secrets
import shutil
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from workers import embedded
from workers.clock import Clock, clock_of
from workers.embedded.process import Server, require_free
from workers.errors import AlreadyRunning, BadSetting, OperatorError, ServerFailed
from workers.settings import Settings, variable

if TYPE_CHECKING:
    from workers.embedded.post_office import PostOffice

_DATABASE = "pratica"
_LOCK = "running.json"  # only its owner may read it: the database's password is in it
_ANEW = "made-anew"  # says that a start may erase the folder


@dataclass(frozen=True, kw_only=True)
class Stack:
    """What runs: settings in which all addresses and the token secret are filled in, and the servers of our own.

    `post_office` is our own, None if messages leave by others' servers.
    """

    settings: Settings
    servers: tuple[Server, ...]
    post_office: "PostOffice | None" = None

    async def ended(self) -> ServerFailed:
        """Wait until a server of ours ends by itself, for ever if there is none, and return what it said."""
        ends = [asyncio.ensure_future(server.ended()) for server in self.servers]
        never: asyncio.Future[ServerFailed] = asyncio.get_running_loop().create_future()
        try:
            done, _ = await asyncio.wait([never, *ends], return_when=asyncio.FIRST_COMPLETED)
            return done.pop().result()
        finally:
            for each in ends:
                each.cancel()


@dataclass(frozen=True, kw_only=True)
class Running:
    """What a running stack tells the other commands; the addresses are empty while it starts."""

    pid: int
    api_url: str
    database_url: str
    temporal_address: str
    temporal_namespace: str
    own_temporal: bool
    own_secret: bool
    clock: Literal["system", "temporal"]
    post_office: dict[str, str]
    """The settings that our own post office fills in, empty without one."""


@asynccontextmanager
async def stack(settings: Settings, *, anew: bool = False) -> AsyncIterator[Stack]:
    """Start the servers that the settings do not name, and stop them, and nothing else, at the end.

    `anew` erases first what such a start left in the data folder. Raises OperatorError, with everything as it was: the
    folder is in use or holds something else, a port is taken (the API's is looked at too); or a server does not start.
    A Temporal that lets time pass as it is told keeps nothing: of our own it is part of a start `anew` only.
    """
    if settings.clock == "temporal" and not (settings.temporal_address or anew):
        name = variable("temporal_address")
        raise BadSetting(f"{variable('clock')}=temporal needs a time-skipping server: say where it is with {name}.")
    if anew:
        _require_erasable(settings.data)
    servers: list[Server] = []
    async with AsyncExitStack() as exits:
        lock = exits.enter_context(_claimed(settings.data))
        require_free(host=settings.host, port=settings.port, setting="PRATICA_PORT")
        _require_free(settings.postgres_port, setting="PRATICA_POSTGRES_PORT")
        _require_free(settings.temporal_port, setting="PRATICA_TEMPORAL_PORT")
        _require_free(settings.post_office_port, setting="PRATICA_POST_OFFICE_PORT")
        if anew:
            _erase(settings.data)
        own = {"own_temporal": not settings.temporal_address, "own_secret": not settings.token_secret}
        office: PostOffice | None = None
        if not settings.token_secret:
            settings = replace(settings, token_secret=_make_secret(settings.data))
        _announce(lock, settings, **own, office={})
        if not settings.database_url:
            postgres = await exits.enter_async_context(
                embedded.postgres(
                    settings.data / "postgres", port=settings.postgres_port, binaries=settings.postgres_bin
                )
            )
            settings = replace(settings, database_url=await postgres.create(_DATABASE))
            servers.append(postgres)
        if not settings.temporal_address:
            temporal = await exits.enter_async_context(_temporal(settings))
            settings = _at_own_temporal(settings, temporal.address)
            servers.append(temporal)
        if not (settings.smtp_url or settings.gateway_url):  # with one of them, messages are meant to leave
            office = await exits.enter_async_context(_post_office(settings, await clock_of(settings)))
            settings = _at_own_post_office(settings, _ways_of(office, settings))
        _announce(lock, settings, **own, office=_ways_of(office, settings) if office else {})
        yield Stack(settings=settings, servers=tuple(servers), post_office=office)


def running(data: Path) -> Running | None:
    """Return what runs on the data folder now, None if nothing does. Raises OperatorError if it may not be read."""
    try:
        with (data / _LOCK).open() as file:
            text = file.read()
            return Running(**json.loads(text)) if text and not _locked(file.fileno(), fcntl.LOCK_SH) else None
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unusable(data, error) from error


def attached(settings: Settings, *, needs: Collection[str] = ()) -> Settings:
    """Fill in what the settings leave open from the stack that runs on the data folder. Nothing is changed there.

    `needs` names fields of Settings; raises BadSetting for the first that is still empty.
    """
    found = running(settings.data)
    if found and not settings.database_url:
        settings = replace(settings, database_url=found.database_url)
    if found and not settings.temporal_address:
        settings = replace(settings, temporal_namespace=found.temporal_namespace, clock=found.clock)
        if found.own_temporal:
            settings = _at_own_temporal(settings, found.temporal_address)
        else:
            settings = replace(settings, temporal_address=found.temporal_address)
    if found and found.own_secret and not settings.token_secret:
        settings = replace(settings, token_secret=_secret_file(settings.data).read_text())
    if found and found.post_office and not (settings.smtp_url or settings.gateway_url):
        settings = _at_own_post_office(settings, found.post_office)
    for field in needs:
        if not getattr(settings, field):
            if found and field == "token_secret":
                message = f"What runs on {settings.data} was started with {variable(field)}: set the same here."
            else:
                message = f"Nothing runs on {settings.data}: set {variable(field)}, or start `pratica up` first."
            raise BadSetting(message)
    return settings


def _require_erasable(data: Path) -> None:
    try:
        found = {each.name for each in data.iterdir()}
    except FileNotFoundError:
        return
    except OSError as error:
        raise _unusable(data, error) from error
    if _ANEW not in found and found - {_LOCK}:
        message = f"{data} holds what was not made to be erased: move it away, or choose another PRATICA_DATA."
        raise OperatorError(message)


def _erase(data: Path) -> None:
    """Empty the folder, claimed, but for its lock and the mark that it may be erased again."""
    (data / _ANEW).touch()
    embedded.erase(data / "postgres")
    for each in data.iterdir():
        if each.is_dir() and not each.is_symlink():
            shutil.rmtree(each)
        elif each.name not in {_LOCK, _ANEW}:
            each.unlink()


def _temporal(settings: Settings) -> AbstractAsyncContextManager[embedded.Temporal | embedded.TimeSkipping]:
    """Run the Temporal that has the clock which the settings choose."""
    folder, port = settings.data / "temporal", settings.temporal_port
    if settings.clock == "temporal":
        return embedded.time_skipping(folder, port=port)
    return embedded.temporal(folder, namespace=settings.temporal_namespace, port=port, binary=settings.temporal_bin)


@asynccontextmanager
async def _post_office(settings: Settings, clock: Clock) -> AsyncIterator["PostOffice"]:
    """Run a post office."""
    try:
        from workers.embedded.post_office import PostOffice  # noqa: PLC0415  a production image has none
    except ImportError as error:
        message = "The post office's wheel is not here: set PRATICA_SMTP_URL, or install `pratica[embedded]`."
        raise OperatorError(message) from error
    office = PostOffice(
        settings.data / "post-office",
        receipts_url=settings.receipts_url,
        receipt_secret=settings.receipt_secret,
        clock=clock,
    )
    async with office.serving(port=settings.post_office_port):
        yield office


def _ways_of(office: "PostOffice", settings: Settings) -> dict[str, str]:
    """Return the settings of whoever sends by it."""
    return {
        "smtp_url": office.smtp_url,
        "mail_from": settings.mail_from or office.mail_from,
        "gateway_url": office.gateway_url,
        "gateway_secret": office.gateway_secret,
        "receipt_secret": office.receipt_secret,
    }


def _at_own_post_office(settings: Settings, office: dict[str, str]) -> Settings:
    return replace(
        settings,
        smtp_url=office["smtp_url"],
        mail_from=office["mail_from"],
        gateway_url=office["gateway_url"],
        gateway_secret=office["gateway_secret"],
        receipt_secret=office["receipt_secret"],
    )


def _at_own_temporal(settings: Settings, address: str) -> Settings:
    """Return the settings for a server of our own: how to reach somebody else's does not matter there."""
    return replace(settings, temporal_address=address, temporal_tls=False, temporal_api_key="")


def _unusable(data: Path, error: OSError) -> OperatorError:
    return OperatorError(f"The data folder {data} cannot be used ({error.strerror}): choose another with PRATICA_DATA.")


@contextmanager
def _claimed(data: Path) -> Iterator[int]:
    """Make the data folder ours alone, and give the file descriptor of the lock, whose file says who we are."""
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(data / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _unusable(data, error) from error
    try:
        if not _locked(lock, fcntl.LOCK_EX):
            other = running(data)
            who = (
                f"process {other.pid}, at {other.api_url}; stop it with Ctrl-C or `kill {other.pid}`"
                if other
                else "starting"
            )
            message = f"Pratica already runs on {data}: {who}."
            raise AlreadyRunning(message)
        try:
            yield lock
        finally:
            os.ftruncate(lock, 0)
    finally:
        os.close(lock)


def _locked(lock: int, kind: int) -> bool:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _announce(lock: int, settings: Settings, *, own_temporal: bool, own_secret: bool, office: dict[str, str]) -> None:
    said = Running(
        pid=os.getpid(),
        api_url=settings.api_url,
        database_url=settings.database_url,
        temporal_address=settings.temporal_address,
        temporal_namespace=settings.temporal_namespace,
        own_temporal=own_temporal,
        own_secret=own_secret,
        clock=settings.clock,
        post_office=office,
    )
    os.ftruncate(lock, 0)
    os.pwrite(lock, json.dumps(asdict(said)).encode(), 0)


def _require_free(port: int, *, setting: str) -> None:
    if port:
        require_free(host="127.0.0.1", port=port, setting=setting)


def _secret_file(data: Path) -> Path:
    return data / "token-secret"


def _make_secret(data: Path) -> str:
    """Return the secret kept in the data folder, made the first time."""
    file = _secret_file(data)
    if not file.exists():
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as opened:
            opened.write(secrets.token_urlsafe(48))
    return file.read_text()
