"""Words with placeholders in them: read once, with what is wrong with them, then filled in a hundred thousand times."""

import difflib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from html import escape
from string import Formatter

from domain.locales import Writing
from domain.placeholders import PLACEHOLDERS


@dataclass(frozen=True)
class Template:
    """Words for `str.format_map`, in plain text and in HTML (where a value brings its own mark-up).

    Each line is a paragraph. `names` are the placeholders that are still to be filled in.
    """

    plain: str
    html: str
    names: frozenset[str]


def template(source: str, writing: Writing, signs: Mapping[str, str]) -> Template:
    """Return the words ready to be filled in, with what the agency signs with (`signs`) in its place already.

    Raises ValueError for a brace that stands alone.
    """
    paragraphs = [line.strip() for line in source.splitlines() if line.strip()]
    plain, html = [], []
    names = set()
    for paragraph in paragraphs:
        written, marked = "", ""
        for literal, name, _, _ in Formatter().parse(paragraph):
            written += _braced(literal)
            marked += _braced(escape(literal, quote=False))
            if name is None:
                continue
            if name in signs:
                written += _braced(writing.isolated(signs[name]))
                marked += _braced(bdi(signs[name]))
            else:
                names.add(name)
                written += f"{{{name}}}"
                marked += f"{{{name}}}"
        plain.append(written)
        html.append(f"<p>{marked}</p>\n")
    return Template("\n\n".join(plain), "".join(html), frozenset(names))


def bdi(value: str) -> str:
    """Return a value as HTML that keeps its own direction."""
    return f"<bdi>{escape(value, quote=False)}</bdi>"


def _braced(literal: str) -> str:
    return literal.replace("{", "{{").replace("}", "}}")


def faults(source: str, allowed: Collection[str], what: str) -> Iterator[str]:
    """Yield what is wrong with the placeholders of these words, in which only those `allowed` may stand.

    `what` says what the words are: "a reminder, which carries no detail of the case".
    """
    try:
        pieces = list(Formatter().parse(source))
    except ValueError:
        yield "a brace stands alone: write a placeholder as {agency}, and a brace itself twice, {{ or }}"
        return
    for _, name, form, conversion in pieces:
        if name in allowed and not form and not conversion:
            continue
        if name in PLACEHOLDERS and name not in allowed:
            yield f"{{{name}}} may not stand in {what}: use {_either(allowed)}"
        elif name in PLACEHOLDERS:
            yield f"write {{{name}}}, with nothing else between the braces"
        elif name is not None:
            near = difflib.get_close_matches(name, allowed, n=1)
            yield f"{{{name}}} is no placeholder: " + (f"is it {{{near[0]}}}?" if near else f"use {_either(allowed)}")


def _either(names: Collection[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in sorted(names))
