"""Whatever people are called, and whatever stands in a subject: an e-mail has the headers that we wrote."""

import email
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.workers.channels.servers import outgoing
from workers.channels.letter import address, compose

HEADERS = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Auto-Submitted",
    "Content-Language",
    "Content-Type",
    "Content-Transfer-Encoding",
    "MIME-Version",
]
NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
ODD = [
    "\r\n",
    "Bcc: eve@evil.example",
    "=?utf-8?q?=0D=0ABcc=3A_eve?=",
    "مرحبا",
    "a" * 90,
    *'\n\r\x00\u2028\ud800 <>()[],;:@"\\=?ò',
]
NASTY = st.text(max_size=200) | st.lists(st.sampled_from(ODD), max_size=12).map("".join)


def _sent(**fields: Any) -> EmailMessage:
    written = compose(outgoing(**fields), sender="casa@example.org", agency=fields.get("name", ""), now=NOW)
    return email.message_from_bytes(written.as_bytes(), EmailMessage, policy=default)


@example(name=f'{"0" * 75}"{"0" * 74}', subject="")
@given(name=NASTY, subject=NASTY)
def test_no_name_and_no_subject_is_another_header(name: str, subject: str) -> None:
    read = _sent(name=name, subject=subject)

    assert sorted(read.keys()) == sorted(HEADERS)
    assert [each.addr_spec for each in read["To"].addresses] == ["tenant0@example.org"]
    assert [each.addr_spec for each in read["From"].addresses] == ["casa@example.org"]
    assert read.get_content().startswith("Gentile Elda")


@pytest.mark.parametrize("subject", ["Il suo appuntamento di martedì", "موعدك يوم الاثنين", "Été " * 60 + "fin", ""])
def test_a_subject_is_read_as_it_was_written(subject: str) -> None:
    assert _sent(subject=subject)["Subject"] == subject


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "nobody",
        "a@b",
        "@example.org",
        "a@example.org, b@example.org",
        "A <a@example.org>",
        "a b@example.org",
        "a@example.org\n",
        "a@example.org>",
        "a@exa mple.org",
        "a@.example..org",
        "\x00@example.org",
        '"a@example.org',
    ],
)
def test_what_is_no_address_is_said(typed: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  whatever the standard library says
        address(typed)


def test_a_calendar_that_names_no_method_is_published() -> None:
    message = outgoing(calendar=b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n")
    written = compose(message, sender="casa@example.org", agency="", now=NOW)

    (calendar,) = written.iter_attachments()
    assert calendar.get_param("method") == "PUBLISH"
