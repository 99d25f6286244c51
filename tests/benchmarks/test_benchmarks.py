"""That everything can be measured; how fast anything is, no test says."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNITS = {"steps/s", "reminders/s", "s", "ms", "bytes", "events", "MB", "messages"}


def test_every_figure_is_a_json_object_on_a_line_of_its_own() -> None:
    """Beside its floor, where it has one, and as a multiple of it; what people read is not on stdout."""
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    figures = [json.loads(line) for line in run.stdout.splitlines()]
    assert {tuple(figure) for figure in figures} == {("name", "value", "unit", "floor", "ratio", "better")}
    assert len({figure["name"] for figure in figures}) == len(figures)
    assert {figure["unit"] for figure in figures} == UNITS
    assert {figure["better"] for figure in figures} == {"more", "less"}
    beside = [figure for figure in figures if figure["floor"] is not None]
    assert len(beside) > len(figures) / 2
    for figure in beside:
        assert figure["ratio"] == pytest.approx(figure["value"] / figure["floor"], rel=0.01)
