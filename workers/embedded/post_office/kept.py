"""What the post office keeps: a numbered file for each message, and beside an e-mail the e-mail itself."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path

MOST = 5_000
"""Messages that are kept; of more the oldest go."""


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A message that was sent. `at` is when, `key` the message's, `refused` why the gateway did not take it.

    `text` is that of an SMS or a letter; an e-mail is what `Kept.mail` returns. `receipts` are those sent since.
    """

    number: int
    at: str
    channel: str
    to: str
    subject: str
    name: str = ""
    language: str = ""
    key: str = ""
    text: str = ""
    formal: bool = False
    refused: str = ""
    receipts: tuple[str, ...] = ()


class Kept:
    """The messages in a folder, which is made if there is none; they are there again after a restart."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._letters: dict[int, Letter] = {}
        self._by_key: dict[str, Letter] = {}
        for file in sorted(folder.glob("*.json")):
            told = json.loads(file.read_bytes())
            self._know(Letter(**told | {"receipts": tuple(told["receipts"])}))

    def newest_first(self, *, channel: str = "", to: str = "", before: int | None = None) -> Iterator[Letter]:
        """Give the messages of a channel, whose recipient has these letters in address or name, older than one."""
        for letter in reversed(self._letters.values()):
            of_them = (not channel or letter.channel == channel) and (before is None or letter.number < before)
            if of_them and to.casefold() in f"{letter.name} {letter.to}".casefold():
                yield letter

    def get(self, number: int, /) -> Letter | None:
        """Return a message, None if there is none of that number."""
        return self._letters.get(number)

    def of_key(self, key: str, /) -> Letter | None:
        """Return the SMS or letter with that key, None if none is kept."""
        return self._by_key.get(key)

    def mail(self, number: int, /) -> bytes:
        """Return an e-mail as it arrived."""
        return self._file(number, "eml").read_bytes()

    def add(self, letter: Letter, /, *, mail: bytes | None = None) -> Letter:
        """Keep a message, numbered anew, and return it."""
        letter = replace(letter, number=next(reversed(self._letters), 0) + 1)
        if mail is not None:
            self._file(letter.number, "eml").write_bytes(mail)
        self.change(letter)
        for old in list(islice(self._letters, max(0, len(self._letters) - MOST))):
            self._forget(old)
        return letter

    def change(self, letter: Letter, /) -> None:
        """Keep a message as it is now."""
        written = self._file(letter.number, "new")
        written.write_text(json.dumps(asdict(letter), ensure_ascii=False), "utf-8")
        written.replace(self._file(letter.number, "json"))  # whole, whenever we are killed
        self._know(letter)

    def _know(self, letter: Letter) -> None:
        self._letters[letter.number] = letter
        if letter.key and letter.channel != "email":
            self._by_key[letter.key] = letter

    def _forget(self, number: int) -> None:
        letter = self._letters.pop(number)
        self._by_key.pop(letter.key, None)
        for suffix in ("json", "eml"):
            self._file(number, suffix).unlink(missing_ok=True)

    def _file(self, number: int, suffix: str) -> Path:
        return self._folder / f"{number:08}.{suffix}"
