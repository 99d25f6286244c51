"""Text messages: how many segments one costs, in GSM-7 or in UCS-2 (3GPP TS 23.038 and 23.040)."""

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_ESCAPED = frozenset("^{}\\[~]|€\f")  # an escape before it: two septets
_GSM_7, _UCS_2 = (160, 153), (70, 67)  # how many units one message holds, and each of several

MOST = 3
"""How many segments a text may cost with values of ordinary length."""

# One of these alone would make a message twice as long; capitals with an accent are written so on Italian telephones.
_SIMPLER = str.maketrans(
    {
        "\u00a0": " ", "\u202f": " ", "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "«": '"', "»": '"',
        "\u2013": "-", "\u2014": "-", "…": "...", "À": "A'", "È": "E'", "Ì": "I'", "Ò": "O'", "Ù": "U'",
    }
)  # fmt: skip


def simpler(text: str) -> str:
    """Return the text with the signs that GSM-7 lacks replaced by those that it has, where they mean the same."""
    return text if text.isascii() else text.translate(_SIMPLER)


def segments(text: str) -> int:
    """Return how many segments a text message costs, at least 1; no character is split between two."""
    if _BASIC.issuperset(text):
        costs = [1] * len(text)
        whole, part = _GSM_7
    elif (_BASIC | _ESCAPED).issuperset(text):
        costs = [1 + (character in _ESCAPED) for character in text]
        whole, part = _GSM_7
    else:
        costs = [1 + (character > "\uffff") for character in text]
        whole, part = _UCS_2
    if sum(costs) <= whole:
        return 1
    count, room = 1, part
    for cost in costs:
        if cost > room:
            count, room = count + 1, part
        room -= cost
    return count
