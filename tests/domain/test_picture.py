"""The picture of a process is drawn from its declaration."""

import re

import pytest

from domain.choices import Language
from domain.document_practice import DocumentPractice
from domain.picture import picture
from domain.process import NEW, OPEN, SAME, Process
from domain.processes import PROCESSES
from tests.domain.lives import moves

EVERY = [(process, language) for process in PROCESSES for language in Language]
ARROW = re.compile(r"(\S+) --> (\S+): (.+)")


def arrows(text: str) -> dict[tuple[str, str], str]:
    return {(found[1], found[2]): found[3] for line in text.splitlines() if (found := ARROW.fullmatch(line))}


@pytest.mark.parametrize(("process", "language"), EVERY, ids=lambda value: getattr(value, "kind", value))
def test_every_declared_move_is_drawn_and_nothing_else(process: type[Process], language: Language) -> None:
    """A move from each open state stands once, from the box that stands for them all."""
    waiting = {state.name for state in process.State if state.waits_for}
    drawn: set[tuple[str, str, str]] = set()
    for (source, target), labels in arrows(picture(process, language)).items():
        for source_name in waiting if source in OPEN else [NEW[0] if source == "[*]" else source]:
            drawn |= {(label, source_name, target) for label in labels.split(" / ")}
    assert drawn == {
        (process.steps[name].label.text(language), source, target)
        for name, source, target in moves(process)
        if target not in SAME
    }


@pytest.mark.parametrize(("process", "language"), EVERY, ids=lambda value: getattr(value, "kind", value))
def test_every_state_has_its_name_in_the_language(process: type[Process], language: Language) -> None:
    text = picture(process, language)
    for state in process.State:
        assert f'state "{state.label.text(language)}" as {state.name}\n' in text


@pytest.mark.parametrize(("process", "language"), EVERY, ids=lambda value: getattr(value, "kind", value))
def test_labels_mean_nothing_to_mermaid(process: type[Process], language: Language) -> None:
    """A colon, a semicolon, a quote, a bracket would end a label before its time."""
    for labels in arrows(picture(process, language)).values():
        assert not set(labels) & set(':;"#{}[]<>')


def test_the_state_of_a_case_is_highlighted() -> None:
    assert picture(DocumentPractice, Language.IT, here="CHECKING").endswith("class CHECKING here\n")
    assert "class CHECKING here" not in picture(DocumentPractice, Language.IT)


def test_a_state_that_does_not_exist_cannot_be_highlighted() -> None:
    with pytest.raises(KeyError):
        picture(DocumentPractice, Language.IT, here="SOLD")
