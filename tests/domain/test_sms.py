"""What a text message costs, and the signs that are not worth their price."""

import pytest

from domain.sms import segments, simpler


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("è" * 160, 1),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("a" * 152 + "€" + "a" * 152, 3),  # the euro's two septets stay together: one is lost
        ("م" * 70, 1),
        ("م" * 71, 2),
        ("م" * 134, 2),
        ("م" * 135, 3),
        ("a" * 69 + "م", 1),
        ("a" * 70 + "م", 2),
        ("🏠" * 35, 1),
        ("🏠" * 36, 2),
        ("🏠" * 66, 2),
        ("🏠" * 67, 3),  # 33 to a segment, for a pair is not split
    ],
)
def test_segments_are_counted_as_networks_do(text: str, count: int) -> None:
    assert segments(text) == count


def test_signs_that_would_double_the_price_are_made_simpler() -> None:
    """Hard spaces of amounts, curly quotes and dashes, capitals with an accent; letters of a language stay."""
    assert simpler("È «qui» \u2014 l\u2019“importo”: 12\u00a0€…") == 'E\' "qui" - l\'"importo": 12 €...'
    assert segments(simpler("È" * 80)) == 1
    assert simpler("perché così, ñ, ș, мир") == "perché così, ñ, ș, мир"
