import re
from pathlib import Path

import pytest

from workers.errors import BadSetting
from workers.settings import Settings, variable

CASES = "expected a whole number from 1 to 100000"
_README = Path(__file__).parents[2] / "README.md"


def test_nothing_set_is_a_stack_of_its_own_on_this_machine_only() -> None:
    settings = Settings.from_environment({"PATH": "/bin", "PRATICA_DATABASE_URL": ""})

    assert settings == Settings()
    assert (settings.database_url, settings.temporal_address, settings.host) == ("", "", "127.0.0.1")


def test_what_is_set_is_read() -> None:
    settings = Settings.from_environment(
        {
            "PRATICA_DATABASE_URL": "postgresql://pratica:secret@db.example.org:5432/pratica",
            "PRATICA_TEMPORAL_ADDRESS": "temporal.example.org:7233",
            "PRATICA_PORT": "9000",
            "PRATICA_SANDBOX": "off",
            "PRATICA_DATA": "/srv/pratica",
            "PRATICA_SMTP_URL": "smtp://casa%40example.org:p%40ss@mail.example.org",
            "PRATICA_GATEWAY_URL": "https://gateway.example.org/pratica/",
            "PRATICA_RECEIPT_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "PRATICA_SMTP_RATE": "0.5",
            "PRATICA_CACHED_CASES": "20000",
        }
    )

    assert settings.database_url.endswith("@db.example.org:5432/pratica")
    assert settings.temporal_address == "temporal.example.org:7233"
    assert settings.gateway_url == "https://gateway.example.org/pratica"
    assert (settings.smtp_rate, settings.gateway_rate) == (0.5, 0)
    assert settings.cached_cases == 20_000
    assert (settings.port, settings.sandbox, settings.data) == (9000, False, Path("/srv/pratica"))


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PRATICA_PORT", "0", "PRATICA_PORT cannot be `0`: expected a port number."),
        ("PRATICA_PORT", "eight", "PRATICA_PORT cannot be `eight`: expected a port number."),
        ("PRATICA_TEMPORAL_PORT", "70000", "PRATICA_TEMPORAL_PORT cannot be `70000`: expected a port number."),
        ("PRATICA_TEMPORAL_ADDRESS", "here", "PRATICA_TEMPORAL_ADDRESS cannot be `here`: expected `host:port`."),
        ("PRATICA_SANDBOX", "maybe", "PRATICA_SANDBOX cannot be `maybe`: expected `on` or `off`."),
        ("PRATICA_POLICY", "/no/such.yaml", "PRATICA_POLICY cannot be `/no/such.yaml`: expected a file."),
        ("PRATICA_HOST", "two..dots", "PRATICA_HOST cannot be `two..dots`: expected an address or a host name."),
        (
            "PRATICA_MAIL_FROM",
            "Casa <casa@example.org>",
            "PRATICA_MAIL_FROM cannot be `Casa <casa@example.org>`: expected an address such as `casa@example.org`.",
        ),
        (
            "PRATICA_GATEWAY_URL",
            "gateway",
            "PRATICA_GATEWAY_URL cannot be `gateway`: expected an address such as `https://gateway.example.org/pratica`.",
        ),
        ("PRATICA_SMTP_RATE", "-1", "PRATICA_SMTP_RATE cannot be `-1`: expected a number."),
        ("PRATICA_GATEWAY_RATE", "nan", "PRATICA_GATEWAY_RATE cannot be `nan`: expected a number."),
        ("PRATICA_CACHED_CASES", "0", f"PRATICA_CACHED_CASES cannot be `0`: {CASES}."),
        ("PRATICA_CACHED_CASES", "100001", f"PRATICA_CACHED_CASES cannot be `100001`: {CASES}."),
        ("PRATICA_CACHED_CASES", "many", f"PRATICA_CACHED_CASES cannot be `many`: {CASES}."),
        ("PRATICA_PROT", "80", "PRATICA_PROT is not a setting; did you mean PRATICA_PORT?"),
        ("PRATICA_WEATHER", "fine", "PRATICA_WEATHER is not a setting."),
    ],
)
def test_a_bad_value_gives_one_sentence_that_names_it(name: str, value: str, said: str) -> None:
    with pytest.raises(BadSetting) as refused:
        Settings.from_environment({name: value})

    assert str(refused.value) == said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PRATICA_DATABASE_URL", "mysql://pratica:hunter2@host/db"),
        ("PRATICA_DATABASE_URL", "postgresql://pratica:hunter2%zz@host/db"),
        ("PRATICA_DATABASE_URL", "postgresql://pratica:hunter2@host:port/db"),
        ("PRATICA_TOKEN_SECRET", "hunter2"),
        ("PRATICA_SMTP_URL", "http://pratica:hunter2@host"),
        ("PRATICA_SMTP_URL", "smtp://pratica:hunter2@host:port"),
        ("PRATICA_SMTP_URL", "smtp://pratica:hunter2@"),
        ("PRATICA_RECEIPT_SECRET", "hunter2"),
        ("PRATICA_RECEIPT_SECRET", "whsec_hunter2"),
        ("PRATICA_RECEIPT_SECRET", "whsec_aHVudGVyMg=="),
    ],
)
def test_a_secret_is_never_repeated(name: str, value: str) -> None:
    with pytest.raises(BadSetting) as refused:
        Settings.from_environment({name: value})

    assert name in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_secrets_stay_out_of_logs() -> None:
    settings = Settings(database_url="postgresql://a:hunter2@b/c", token_secret="hunter2", temporal_api_key="hunter2")

    assert "hunter2" not in repr(settings)


def test_a_folder_in_one_that_may_not_be_read_gives_one_sentence(foreign: Path) -> None:
    with pytest.raises(BadSetting, match="PRATICA_DATA cannot be"):
        Settings.from_environment({"PRATICA_DATA": str(foreign / "data")})


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("::1", "http://[::1]:8000/graphql"),
        ("::", "http://[::1]:8000/graphql"),
        ("0.0.0.0", "http://127.0.0.1:8000/graphql"),  # noqa: S104
        ("example.org", "http://example.org:8000/graphql"),
    ],
)
def test_the_api_has_an_address_that_a_program_can_use(host: str, url: str) -> None:
    assert Settings(host=host).api_url == url


def test_what_kubernetes_tells_of_services_is_no_setting() -> None:
    links = {
        "PRATICA_SERVICE_HOST": "10.0.0.1",
        "PRATICA_SERVICE_PORT": "80",
        "PRATICA_SERVICE_PORT_HTTP": "80",
        "PRATICA_PORT": "tcp://10.0.0.1:80",
        "PRATICA_PORT_80_TCP": "tcp://10.0.0.1:80",
        "PRATICA_PORT_80_TCP_PROTO": "tcp",
        "PRATICA_API_PORT": "tcp://10.0.0.2:80",
        "PRATICA_API_PORT_80_TCP_ADDR": "10.0.0.2",
    }

    assert Settings.from_environment(links) == Settings()


def test_the_readme_has_the_table_of_settings_as_they_are() -> None:
    found = re.search(r"<!-- settings -->\n(.*?)<!-- /settings -->", _README.read_text(), re.DOTALL)

    assert found, "README.md has no <!-- settings --> ... <!-- /settings -->"
    assert found[1].strip() == Settings.markdown().strip(), "paste Settings.markdown() between the markers"


def test_every_setting_is_in_the_table_once() -> None:
    table = Settings.markdown()

    assert all(table.count(f"| `{variable(name)}` |") == 1 for name in Settings.__dataclass_fields__)
