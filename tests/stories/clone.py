"""A clone as a newcomer has it, with an environment that `make` need not make: this one."""

import asyncio
import os
import shutil
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from workers import embedded
from workers.embedded.process import free_port

ROOT = Path(__file__).parents[2]

with_curl = pytest.mark.skipif(not shutil.which("curl"), reason="the examples are sent with curl")


@dataclass(frozen=True, kw_only=True)
class Clone:
    """A folder in which commands of the README run as they stand, but for the port."""

    folder: Path
    port: int

    async def sh(self, script: str, **settings: str) -> str:
        """Run a script to its end, which must be well, and return what it printed."""
        shell = await self._start(script, settings)
        printed, _ = await shell.communicate()
        assert shell.returncode == 0, f"{script}\n{printed.decode()}"
        return printed.decode()

    @asynccontextmanager
    async def going_on(self, script: str, *, until: str, **settings: str) -> AsyncIterator[None]:
        """Run a script that goes on, from when it has printed `until`; Ctrl-C ends it and what it has started."""
        shell = await self._start(script, settings)
        try:
            assert shell.stdout
            printed = b""
            while until not in printed.decode():
                line = await shell.stdout.readline()
                assert line, printed.decode()
                printed += line
            yield
        finally:
            if shell.returncode is None:
                os.killpg(shell.pid, signal.SIGINT)  # as a terminal does: to everything that it has started
            await shell.communicate()

    async def _start(self, script: str, settings: dict[str, str]) -> Process:
        # Under `make test` the variables of that `make` would have this one say where it is.
        inherited = {name: value for name, value in os.environ.items() if "MAKE" not in name}
        return await asyncio.create_subprocess_exec(
            *("sh", "-euc", script.replace(":8000/", f":{self.port}/")),
            cwd=self.folder,
            env=inherited | {"PRATICA_PORT": str(self.port)} | settings,
            stdout=PIPE,
            start_new_session=True,
        )


@asynccontextmanager
async def cloned(folder: Path) -> AsyncIterator[Clone]:
    """Give a clone in a folder, and take away what its servers keep."""
    environment = Path(sys.prefix)
    for made in (folder / ".venv", folder / "graphql"):
        made.mkdir(parents=True)
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        (folder / name).symlink_to(ROOT / name)
    for part in environment.iterdir():
        if part.name != "made-for":
            (folder / ".venv" / part.name).symlink_to(part)
    (folder / ".venv" / "made-for").write_text(str(folder))
    try:
        yield Clone(folder=folder, port=free_port())
    finally:
        for kept in (".pratica", ".pratica/demo"):
            embedded.erase(folder / kept / "postgres")
