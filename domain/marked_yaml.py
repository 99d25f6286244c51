"""YAML that a person edits, as plain data that remembers on which line each part of it stands."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

Path = tuple[str | int, ...]
"""Where a part of a document is: the keys and indexes that lead to it from the outside in."""

_THOUSANDS = re.compile(r"[-+]?[1-9][0-9]{0,2}\.[0-9]{3}")
_TEXT = {"tag:yaml.org,2002:str", "tag:yaml.org,2002:timestamp"}
_PLAIN_MOST = 100
_PLAIN = {f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float")}


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong in a document: the `line` (from 1), and a `message` that says what to do."""

    line: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}"


Problems = Iterator[tuple[Path, str]]
"""Where something is wrong in a document, and a message that says what to do."""


class MarkedYaml:
    """A YAML document: its `data` (None when it is empty or not YAML at all), and its `problems` so far.

    Dates stay text, keys are always text. What PyYAML would swallow is a problem here: a key that appears twice, a
    repeated part (`*`), and 1.850, which is eighteen hundred and fifty to an Italian and less than two to YAML.
    """

    def __init__(self, text: str) -> None:
        self.data: Any = None
        self.problems: list[Problem] = []
        self._lines: dict[Path, int] = {(): 1}
        self._seen: dict[int, Any] = {}
        try:
            self._loader = yaml.SafeLoader(text)
            root = self._loader.get_single_node()
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = mark.line if mark else text.count("\n", 0, getattr(error, "position", 0))
            what = getattr(error, "problem", None) or getattr(error, "reason", "unreadable")
            self.problems.append(Problem(line + 1, f"this cannot be read as YAML: {what}"))
        except RecursionError:
            self.problems.append(Problem(1, "this cannot be read as YAML: it is nested too deep"))
        else:
            self.data = self._read(root, ()) if root else None

    def problem(self, path: Path, message: str) -> None:
        """Note a problem, on the line of the innermost part of the document on the way to `path`."""
        while path not in self._lines:
            path = path[:-1]
        self.problems.append(Problem(self._lines[path], message))

    def _read(self, node: yaml.Node, path: Path) -> Any:
        if id(node) in self._seen:
            self.problem(path, "`*` repeats another part of the document: write it out")
            return self._seen[id(node)]
        self._seen[id(node)] = None
        match node:
            case yaml.MappingNode():
                data: Any = self._mapping(node, path)
            case yaml.SequenceNode():
                data = []
                for index, item in enumerate(node.value):
                    self._lines[*path, index] = item.start_mark.line + 1
                    data.append(self._read(item, (*path, index)))
            case _:
                data = self._scalar(node, path)
        self._seen[id(node)] = data
        return data

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value in node.value:
            key, line = str(key_node.value), key_node.start_mark.line + 1
            inner = (*path, key)
            if not isinstance(key_node, yaml.ScalarNode):
                self.problems.append(Problem(line, "a name must be plain text"))
            elif key in data:
                first = self._lines[inner]
                self.problems.append(Problem(line, f"{key} was already set on line {first}: keep one of the two"))
            else:
                self._lines[inner] = line
                data[key] = self._read(value, inner)
        return data

    def _scalar(self, node: yaml.Node, path: Path) -> Any:
        if node.tag in _TEXT:
            return node.value
        if _THOUSANDS.fullmatch(node.value):
            whole = node.value.replace(".", "")
            self.problem(path, f"{node.value} may mean thousands: write {whole}, or not exactly three decimals")
        if len(node.value) > _PLAIN_MOST and node.tag in _PLAIN:
            self.problem(path, f"{node.value[:20]}... is no number that anybody writes")
        elif node.tag in _PLAIN:
            try:
                return self._loader.construct_object(node)
            except ValueError:
                self.problem(path, f"{node.value} is not a number")
        else:
            self.problem(path, f"{node.tag} is not for this document: write plain text or a number")
        return node.value
