"""What the README says is true: its commands exist, its mutation answers as printed, its settings are all there."""

import json
import re
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from domain.processes import PROCESSES
from tests.stories.deployment import Deployment, case_opening, insist
from workers.cli import app
from workers.settings import Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    """Return the fenced blocks of a language, in order."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_its_make_targets_and_commands_exist() -> None:
    """`make x` and `pratica y` are what the Makefile and the command line have."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert (
        set(re.findall(r"make ([a-z]+)", " ".join(re.findall(r"`[^`]+`|^make .*$", README, re.MULTILINE)))) <= targets
    )
    told = set(re.findall(r"`pratica ([a-z]+)", README))
    known = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    assert told == known
    for command in sorted(known):
        assert CliRunner().invoke(app, [command, "--help"]).exit_code == 0


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


async def test_its_mutation_answers_as_it_is_printed(deployment: Deployment) -> None:
    """The document, sent as it stands, gives the answer that is printed, but for when it was sent."""
    (document,) = blocks("graphql")
    variables, printed = map(json.loads, blocks("json"))
    async with deployment.client() as client:
        opened = await insist(client, "tenantCaseOpen", case_opening(deployment.world, "readme"))
        variables["input"]["id"] = opened["process"]["id"]
        answer = (await client.post("/graphql", json={"query": document, "variables": variables})).json()
    assert "errors" not in answer
    (name,) = printed
    told, said = printed[name]["tenantCase"], answer["data"][name]["tenantCase"]
    assert answer["data"][name]["userErrors"] == printed[name]["userErrors"]
    assert [said[key] for key in ("version", "state", "deadlineClause")] == [
        told[key] for key in ("version", "state", "deadlineClause")
    ]
    assert _form(said["deadline"]) == _form(told["deadline"])
    for step in told["availableSteps"]:
        assert step in said["availableSteps"]


def _form(value: Any) -> str:
    return re.sub(r"\d", "0", str(value))
