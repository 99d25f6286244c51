"""The picture of a process, from its declaration: a Mermaid `stateDiagram-v2`.

A step that every open state allows is drawn once, from a box that stands for them all. What leaves the state as it is
(`SAME`) has no arrow.
"""

from collections.abc import Iterator

from domain.choices import Label, Language
from domain.process import NEW, OPEN, Process

_ANY = Label("Da ogni stato aperto", "From every open state")
_STYLES = """classDef here fill:#0b6e4f,color:#ffffff,stroke:#0b6e4f
classDef any fill:none,stroke-dasharray:4 4
class OPEN any"""


def picture(process: type[Process], language: Language, here: str | None = None) -> str:
    """Return the picture with its labels in a language; `here`, the name of a state, is highlighted."""
    boxes = {state.name: state.label for state in process.State} | {OPEN[0]: _ANY}
    arrows: dict[tuple[str, str], list[str]] = {}
    for source, target, label in _arrows(process):
        arrows.setdefault((source, target), []).append(label.text(language))
    lines = [
        "stateDiagram-v2",
        *(f'state "{label.text(language)}" as {name}' for name, label in boxes.items()),
        *(f"{source} --> {target}: {' / '.join(labels)}" for (source, target), labels in arrows.items()),
        _STYLES,
    ]
    if here:
        lines.append(f"class {process.State[here].name} here")
    return "\n".join(lines) + "\n"


def _arrows(process: type[Process]) -> Iterator[tuple[str, str, Label]]:
    """Yield where each step leads from and to."""
    waiting = {state.name for state in process.State if state.waits_for}
    for step in process.steps.values():
        for target in process.State.__members__:
            sources = [source for source, targets in step.targets.items() if target in targets]
            if waiting.issubset(sources):
                sources = [*OPEN, *(source for source in sources if source not in waiting)]
            for source in sources:
                yield "[*]" if source in NEW else source, target, step.label
