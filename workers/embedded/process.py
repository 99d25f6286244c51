"""A server that this program starts, and that never outlives it."""

import asyncio
import contextlib
import errno
import fcntl
import os
import secrets
import signal
import socket
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from workers.errors import AlreadyRunning, BadSetting, PortTaken, ServerFailed

_LAUNCH = Path(__file__).with_name("launch.py")
_START_SECONDS = 60.0
_STOP_SECONDS = 15.0
_POLL_SECONDS = 0.02
_PORTS = range(10_000, 32_768)


class Server(ABC):
    """One server process on one folder and one port. It can be stopped or killed, and started again on both.

    The server and every child of it hold a lock on `<name>.lock`: while the lock is taken, somebody still has the
    data open. The lock's file holds the server's process id and that of the program that started it.
    """

    def __init__(
        self,
        *,
        name: str,
        home: Path,
        port: int,
        command: Sequence[str],
        environment: Mapping[str, str],
        user: int = 0,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        """Describe the process; nothing is started. `user` 0 means the user of this program."""
        self.name = name
        self.home = home
        self.port = port
        self._command = tuple(command)
        self._environment = dict(environment)
        self._user = user
        self._stop_signal = stop_signal
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """The server's process id; also its process group and session.

        Raises RuntimeError if it was never started.
        """
        if self._process is None:
            message = f"{self.name} was not started"
            raise RuntimeError(message)
        return self._process.pid

    @property
    def log(self) -> Path:
        """The file that gets everything the server prints."""
        return self.home / f"{self.name.lower()}.log"

    async def start(self) -> None:
        """Start the server and return when it serves, also after `kill` and after a crash.

        Raises AlreadyRunning if another living program runs it on this folder, ServerFailed if it does not come up.
        """
        lock = await self._take_lock()
        try:
            self._prepare()
            with self.log.open("ab") as log:
                self._process = await asyncio.create_subprocess_exec(
                    *launched(self._command, user=self._user),
                    cwd=self.home,
                    env=self._environment,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=asyncio.subprocess.STDOUT,
                    pass_fds=(lock,),
                    start_new_session=True,  # Ctrl-C in a terminal is ours to handle, in our order
                )
            os.ftruncate(lock, 0)
            os.pwrite(lock, f"{self._process.pid} {os.getpid()}\n".encode(), 0)
        finally:
            os.close(lock)  # from here on only the server and its children hold it
        try:
            await self._until_ready()
        except BaseException:
            await self.kill()
            raise

    async def stop(self) -> None:
        """Ask the server to end, wait, and kill it if it does not. Stopping a stopped server does nothing."""
        if self._process is None or self._process.returncode is not None:
            return
        self._process.send_signal(self._stop_signal)
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_STOP_SECONDS):
                    await self._process.wait()
        finally:
            await self.kill()

    async def kill(self) -> None:
        """SIGKILL the server with its children and return when nothing of them is left."""
        if self._process is None:
            return
        if self._process.returncode is None:
            _kill(self._process.pid)
        await self._process.wait()
        os.close(await self._take_lock())

    async def ended(self) -> ServerFailed:
        """Wait until the server ends, and return the sentence that says so."""
        if self._process is None:
            return ServerFailed(f"{self.name} was not started.")
        code = await self._process.wait()
        return ServerFailed(f"{self.name} ended by itself (exit code {code}). {self._last_words()}")

    def _prepare(self) -> None:  # noqa: B027  most servers need nothing
        """Tidy up, holding the lock, before the process is made."""

    @abstractmethod
    async def _ready(self) -> bool:
        """Say whether the started server serves."""

    async def _until_ready(self) -> None:
        ended = asyncio.ensure_future(self.ended())
        try:
            async with asyncio.timeout(_START_SECONDS):
                while not await self._ready():
                    done, _ = await asyncio.wait([ended], timeout=_POLL_SECONDS)
                    if done:
                        raise ended.result()
        except TimeoutError:
            message = f"{self.name} did not serve within {_START_SECONDS:.0f} s. {self._last_words()}"
            raise ServerFailed(message) from None
        finally:
            ended.cancel()

    def _last_words(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-5:]
        return f"The end of {self.log}:\n" + "\n".join(lines)

    async def _take_lock(self) -> int:
        """Return the lock's file descriptor; end first what a dead program left behind."""
        lock = os.open(lock_file(self.home, self.name), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await self._until_locked(lock)
        except TimeoutError:
            os.close(lock)
            message = f"Processes of an earlier {self.name} still have {self.home} open; end them and try again."
            raise AlreadyRunning(message) from None
        except BaseException:
            os.close(lock)
            raise
        return lock

    async def _until_locked(self, lock: int) -> None:
        while not _locked(lock):
            server, owner = _holders(lock)
            if _alive(server) and _alive(owner):
                message = f"{self.name} on {self.home} is run by process {owner}; stop it first (`kill {owner}`)."
                raise AlreadyRunning(message)
            if _alive(server):
                _kill(server)
            await asyncio.sleep(_POLL_SECONDS)


def lock_file(home: Path, name: str) -> Path:
    """Return the file whose lock a server and its children hold."""
    return home / f"{name.lower()}.lock"


@contextlib.contextmanager
def idle(home: Path, name: str) -> Iterator[bool]:
    """Say whether no process holds a server's lock, and if so hold it for as long as the context lasts."""
    opened = os.open(lock_file(home, name), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield _locked(opened)
    finally:
        os.close(opened)


def launched(command: Sequence[str], *, user: int) -> list[str]:
    """Return the command that runs `command` as `user` (0: our own) and, on Linux, ends it when this program ends."""
    return [sys.executable, "-I", "-S", str(_LAUNCH), str(os.getpid()), str(user), *command]


def made(directory: Path) -> Path:
    """Return a folder's path, resolved; only its owner may enter it, if it had to be made."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return directory.resolve()


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 on which nobody listens now.

    At random, and below those that the system gives to whoever connects: two programs that ask at once, or a connection
    that is made before somebody listens, do not get the same one.
    """
    while True:
        port = _PORTS.start + secrets.randbelow(len(_PORTS))
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def listening(*, host: str, port: int, setting: str) -> socket.socket:
    """Return a socket that listens on `host`:`port`.

    Raises PortTaken, naming the setting that chooses another port, or BadSetting if this machine has no such address.
    """
    # The protocol is named, or asyncio does not know that this is TCP and lets Nagle hold back each answer for 40 ms.
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()
    except OSError as error:
        listener.close()
        if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
            message = f"{host} is no address of this machine ({error.strerror}): choose another with PRATICA_HOST."
            raise BadSetting(message) from None
        message = f"Port {port} of {host} cannot be used ({error.strerror}): choose another with {setting}."
        raise PortTaken(message) from None
    return listener


def require_free(*, host: str, port: int, setting: str) -> None:
    """Raise what `listening` would."""
    listening(host=host, port=port, setting=setting).close()


def _locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holders(lock: int) -> tuple[int, int]:
    """Return (server, owner) as the lock's file names them; (0, 0) while a server is only being started."""
    numbers = os.pread(lock, 64, 0).split()
    return (int(numbers[0]), int(numbers[1])) if len(numbers) == 2 else (0, 0)  # noqa: PLR2004  the pair itself


def _alive(pid: int) -> bool:
    if not pid:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _kill(pid: int) -> None:
    """SIGKILL a running process and its children.

    PostgreSQL's would else finish their statement, and tell its outcome, after the death of their parent. Where there
    is no /proc they do: they are waited for.
    """
    try:
        os.kill(pid, signal.SIGSTOP)  # no child is born while we look
        children = Path(f"/proc/{pid}/task/{pid}/children")
        for each in (pid, *(map(int, children.read_text().split()) if children.exists() else ())):
            os.kill(each, signal.SIGKILL)
    except ProcessLookupError:
        return
