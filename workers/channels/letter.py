"""An e-mail, as RFC 5322 has it."""

import re
import unicodedata
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from domain.message import Outgoing

# Whatever is written is ASCII on the way: a server without 8BITMIME changes nothing in it.
_POLICY = SMTP.clone(cte_type="7bit")
_WORD = r"""[^\s\x00-\x1f\x7f.<>()\[\],;:@"\\]+"""  # of any alphabet
_ADDRESS = re.compile(rf"(?P<name>{_WORD}(\.{_WORD})*)@(?P<domain>{_WORD}(\.{_WORD})+)")
_DOMAIN = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_NAME_MOST = 60
"""Characters of a name: Python's folding of a longer word can end the headers (3.11)."""

_METHOD = re.compile(rb"^METHOD:([A-Z]+)\r?$", re.MULTILINE)


def address(typed: str, /) -> Address:
    """Return an e-mail address, its domain in ASCII. Raises ValueError if it is none, or more than one."""
    found = _ADDRESS.fullmatch(typed)
    domain = found["domain"].encode("idna").decode() if found else ""  # raises what is a ValueError
    if not found or not _DOMAIN.fullmatch(domain):
        raise ValueError
    return Address(username=found["name"], domain=domain)


def compose(message: Outgoing, /, *, sender: str, agency: str, now: datetime) -> EmailMessage:
    """Return the e-mail: text and HTML side by side, the calendar attached.

    Its Message-ID is made of the message's key: a second one of the same can be told. Raises ValueError for an address
    or a text that cannot be sent.
    """
    ours, theirs = Address(addr_spec=sender), address(message.to)
    written = EmailMessage(policy=_POLICY.clone(utf8=not theirs.username.isascii()))
    written["From"] = Address(display_name=_name(agency), username=ours.username, domain=ours.domain)
    written["To"] = Address(display_name=_name(message.name), username=theirs.username, domain=theirs.domain)
    written["Subject"] = _line(message.subject)
    written["Date"] = format_datetime(now)
    written["Message-ID"] = f"<{message.key}@{ours.domain}>"
    written["Auto-Submitted"] = "auto-generated"
    written.set_content(message.text)
    if message.html:
        written.add_alternative(message.html, subtype="html")
    if message.calendar is not None:
        method = _METHOD.search(message.calendar)
        written.add_attachment(
            message.calendar,
            maintype="text",
            subtype="calendar",
            cte="base64",
            filename="calendar.ics",
            params={"method": method[1].decode() if method else "PUBLISH", "charset": "utf-8"},
        )
    written["Content-Language"] = _line(message.language)  # last: whatever begins with Content- moves with the parts
    return written


def _line(text: str) -> str:
    """Return a text that can only be one header: on one line, and nothing in it looks encoded."""
    shown = "".join(" " if unicodedata.category(each) in {"Cc", "Cs", "Zl", "Zp"} else each for each in text)
    return " ".join(shown.split()).replace("=?", "= ?")


def _name(text: str) -> str:
    """Return a name in front of an address. Some mail programs read another address out of what is quoted there."""
    return _line(re.sub(r'[<>"\\@,;:()\[\]]', " ", text))[:_NAME_MOST].strip()
