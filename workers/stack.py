"""The servers that Pratica needs: its own, kept in the data folder, or those that the settings name."""

import asyncio
import fcntl
import json
import os
import secrets
import shutil
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from workers import embedded
from workers.embedded.process import Server, require_free
from workers.errors import AlreadyRunning, BadSetting, OperatorError, ServerFailed
from workers.settings import Settings, variable

_DATABASE = "pratica"
_LOCK = "running.json"  # only its owner may read it: the database's password is in it


@dataclass(frozen=True, kw_only=True)
class Stack:
    """What runs: settings in which both addresses and the token secret are filled in, and the servers of our own."""

    settings: Settings
    servers: tuple[Server, ...]

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


@asynccontextmanager
async def stack(settings: Settings) -> AsyncIterator[Stack]:
    """Start the servers that the settings do not name, and stop them, and nothing else, at the end.

    Raises OperatorError: the folder is in use, a port is taken, a server does not start.
    """
    servers: list[Server] = []
    async with AsyncExitStack() as exits:
        lock = exits.enter_context(_claimed(settings.data))
        _announce(lock, settings)
        if not settings.database_url:
            _require_free(settings.postgres_port, setting="PRATICA_POSTGRES_PORT")
            postgres = await exits.enter_async_context(
                embedded.postgres(
                    settings.data / "postgres", port=settings.postgres_port, binaries=settings.postgres_bin
                )
            )
            settings = replace(settings, database_url=await postgres.create(_DATABASE))
            servers.append(postgres)
        if not settings.temporal_address:
            _require_free(settings.temporal_port, setting="PRATICA_TEMPORAL_PORT")
            temporal = await exits.enter_async_context(
                embedded.temporal(
                    settings.data / "temporal",
                    namespace=settings.temporal_namespace,
                    port=settings.temporal_port,
                    binary=settings.temporal_bin,
                )
            )
            settings = replace(settings, temporal_address=temporal.address)
            servers.append(temporal)
        settings = replace(settings, token_secret=settings.token_secret or _own_secret(settings.data))
        _announce(lock, settings)
        yield Stack(settings=settings, servers=tuple(servers))


def running(data: Path) -> Running | None:
    """Return what runs on the data folder now, None if nothing does."""
    try:
        with (data / _LOCK).open() as file:
            text = file.read()
            return Running(**json.loads(text)) if text and not _locked(file.fileno(), fcntl.LOCK_SH) else None
    except FileNotFoundError:
        return None


def attached(settings: Settings, *, needs: Collection[str] = ()) -> Settings:
    """Fill in what the settings leave open from the stack that runs on the data folder.

    `needs` names fields of Settings; raises BadSetting for the first that is still empty.
    """
    found = running(settings.data)
    if found and not settings.database_url:
        settings = replace(settings, database_url=found.database_url)
    if found and not settings.temporal_address:
        address, namespace = found.temporal_address, found.temporal_namespace
        settings = replace(settings, temporal_address=address, temporal_namespace=namespace)
    if found and not settings.token_secret:
        settings = replace(settings, token_secret=_own_secret(settings.data))
    for field in needs:
        if not getattr(settings, field):
            message = f"Nothing runs on {settings.data}: set {variable(field)}, or start `pratica up` first."
            raise BadSetting(message)
    return settings


def erase(data: Path) -> None:
    """Delete the data folder with everything that its servers keep, wherever that is.

    Raises AlreadyRunning if a stack runs on it.
    """
    if data.exists():
        with _claimed(data):
            embedded.erase(data / "postgres")
            shutil.rmtree(data)


@contextmanager
def _claimed(data: Path) -> Iterator[int]:
    """Make the data folder ours alone, and give the file descriptor of the lock, whose file says who we are."""
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(data / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        message = f"The data folder {data} cannot be used ({error.strerror}): choose another with PRATICA_DATA."
        raise OperatorError(message) from error
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


def _announce(lock: int, settings: Settings) -> None:
    said = Running(
        pid=os.getpid(),
        api_url=settings.api_url,
        database_url=settings.database_url,
        temporal_address=settings.temporal_address,
        temporal_namespace=settings.temporal_namespace,
    )
    os.ftruncate(lock, 0)
    os.pwrite(lock, json.dumps(asdict(said)).encode(), 0)


def _require_free(port: int, *, setting: str) -> None:
    if port:
        require_free(host="127.0.0.1", port=port, setting=setting)


def _own_secret(data: Path) -> str:
    """Return the secret kept in the data folder, made the first time."""
    file = data / "token-secret"
    if not file.exists():
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as opened:
            opened.write(secrets.token_urlsafe(48))
    return file.read_text()
