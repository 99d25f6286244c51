"""How a language writes days, hours and amounts, and in which direction (CLDR, through Babel)."""

import math
import re
from contextlib import suppress
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_timedelta
from babel.numbers import format_currency

from domain.choices import Label, Language
from domain.fields import local_day
from domain.terms import ROME

_DIGITS = (
    "latn"  # 0-9 in every language: they are those of the letters, slips and door numbers that people compare with
)
_LABELLED = frozenset(Language)
_FSI, _PDI = "\u2068", "\u2069"  # what stands between them is laid out by itself, in the direction of its first letter
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\U00010800-\U00010fff\U0001e800-\U0001efff]")

# In a value, a line break could end a mail's header, and a mark of direction could turn the rest of the text around.
_BREAKS = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029], " ")
_TIDY = str.maketrans(_BREAKS | dict.fromkeys([0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]))


def tidy(text: str) -> str:
    """Return the text of a value on one line, without marks of direction."""
    return text if text.isprintable() else text.translate(_TIDY)


class Writing:
    """One language as it is written in Italy: 24 hours, digits 0-9; `direction` is "ltr" or "rtl".

    `code` is its ISO 639 code. What the engine has no name for in this language is named in the language `otherwise`,
    or in English. Raises ValueError for a language whose days and amounts Babel cannot write.
    """

    def __init__(self, code: str, *, otherwise: str = "") -> None:
        self.code = code
        self._locale = _locale(code)
        self._labels = next((Language(known) for known in (code, otherwise) if known in _LABELLED), Language.EN)
        self.direction = self._locale.text_direction
        # A morning's messages speak of few days.
        self._formatted = lru_cache(maxsize=4096)(lambda day, form: format_date(day, form, self._locale))

    def day(self, day: date | datetime) -> str:
        """Return a day, or that of an instant, with its weekday: one on which somebody is expected."""
        return self._formatted(local_day(day) if isinstance(day, datetime) else day, "full")

    def date(self, day: date) -> str:
        """Return a day without its weekday: one that is past, in a letter."""
        return self._formatted(day, "long")

    def time(self, moment: datetime) -> str:
        """Return the hour and minute in Italy, as `15:30`."""
        return moment.astimezone(ROME).strftime("%H:%M")

    def money(self, amount: Decimal) -> str:
        """Return an amount in EUR."""
        return format_currency(amount, "EUR", locale=self._locale, numbering_system=_DIGITS)

    def days(self, number: int) -> str:
        """Return a number of days with its word: `10 giorni`, `1 day`."""
        # Not Babel's `format_unit`, which knows no days in Italian nor in Arabic (2.18); counted in nothing but days.
        return format_timedelta(timedelta(days=number), granularity="day", threshold=math.inf, locale=self._locale)

    def label(self, label: Label | str) -> str:
        """Return a name of the engine's, or words of somebody's, which are as they are."""
        return label if isinstance(label, str) else label.text(self._labels)

    def isolated(self, text: str) -> str:
        """Return a value so that its direction and that of the text around it do not disturb each other."""
        if self.direction == "ltr" and (text.isascii() or not _RIGHT_TO_LEFT.search(text)):
            return text
        return f"{_FSI}{text}{_PDI}"


def _locale(code: str) -> Locale:
    """As it is written in Italy (English: the day before the month), else wherever it is spoken."""
    for name in (f"{code}_IT", code):
        if code != "und":  # "undetermined", which Babel takes for the language of the place
            with suppress(ValueError, UnknownLocaleError):
                return Locale.parse(name)
    raise ValueError(f"how `{code}` writes days and amounts is not known: use another language")
