"""Closed lists with a name for people in each language; what is stored and sent is the member's own name."""

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Any, Self

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema


class Language(StrEnum):
    """The languages in which the engine speaks to people."""

    IT = "it"
    EN = "en"


@dataclass(frozen=True)
class Label:
    """A text for people, once in each language; `{names}` in it are filled in by `text`."""

    it: str
    en: str

    def text(self, language: Language, /, **values: object) -> str:
        """Return the text in `language`, with `values` filled in."""
        text = self.it if language is Language.IT else self.en
        return text.format(**values) if values else text


class Choice(Enum):
    """A closed list: `NO_FAULT = "Incolpevole", "No fault"`.

    Members are told apart by name, so two may share a label (an `Enum` would make the second an alias of the first).
    pydantic, and so Temporal and PostgreSQL, read and write the name.
    """

    label: Label

    def __new__(cls, it: str, en: str, *_: object) -> Self:  # noqa: D102 (the class says it)
        member = object.__new__(cls)
        member._value_ = len(cls.__members__)
        member.label = Label(it, en)
        return member

    @classmethod
    def _missing_(cls, value: object) -> "Choice | None":
        return cls.__members__.get(value) if isinstance(value, str) else None

    @property
    def value(self) -> str:
        """The name: what whoever writes a member without knowing its type stores."""
        return self.name

    @property
    def rank(self) -> int:
        """Its place in the list, from 0."""
        place: int = self._value_
        return place

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        def read(value: Any) -> "Choice":
            if isinstance(value, cls):
                return value
            try:
                return cls[value]
            except (KeyError, TypeError):  # a list or a mapping is no name
                raise ValueError(f"expected one of {', '.join(cls.__members__)}") from None

        return core_schema.no_info_plain_validator_function(
            read, serialization=core_schema.plain_serializer_function_ser_schema(lambda member: member.name)
        )
