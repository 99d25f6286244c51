"""Signatures as Standard Webhooks has them, its reference vector among them."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from api.webhooks import TOLERANCE, sign, verify
from domain.refusals import Refusal, Refused

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + base64.b64encode(b"another secret of the tests").decode()
BODY = b'{"test": 2432232314}'
NOW = datetime.fromtimestamp(1614265330, UTC)
HEADERS = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
RIGHT = HEADERS["webhook-signature"]


def test_the_published_example_is_signed_as_published() -> None:
    assert sign(SECRET, BODY, identifier=HEADERS["webhook-id"], now=NOW) == HEADERS
    verify(SECRET, BODY, headers=HEADERS, now=NOW)


@pytest.mark.parametrize("signatures", [f"v1,AAAA {RIGHT}", f"v1a,x {RIGHT} v2,y", f"{RIGHT} {RIGHT}"])
def test_one_right_signature_among_several_is_enough(signatures: str) -> None:
    verify(SECRET, BODY, headers=HEADERS | {"webhook-signature": signatures}, now=NOW)


@pytest.mark.parametrize("seconds", [-300, 300])
def test_clocks_may_differ_a_little(seconds: int) -> None:
    verify(SECRET, BODY, headers=HEADERS, now=NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize("seconds", [-301, 301, 86_400, -86_400])
def test_what_was_signed_long_ago_is_stale(seconds: int) -> None:
    with pytest.raises(Refused) as refused:
        verify(SECRET, BODY, headers=HEADERS, now=NOW + timedelta(seconds=seconds))

    assert refused.value.code == Refusal.SIGNATURE_STALE.name
    assert timedelta(minutes=5) == TOLERANCE


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-id": "msg_other"},
        {"webhook-id": ""},
        {"webhook-id": "ò"},
        {"webhook-timestamp": "1614265331"},
        {"webhook-timestamp": ""},
        {"webhook-timestamp": "now"},
        {"webhook-timestamp": "-1614265330"},
        {"webhook-timestamp": "1614265330.0"},
        {"webhook-timestamp": "٣"},
        {"webhook-timestamp": "9" * 5000},
        {"webhook-signature": ""},
        {"webhook-signature": RIGHT.removeprefix("v1,")},
        {"webhook-signature": RIGHT.replace("v1,", "v2,")},
        {"webhook-signature": RIGHT.replace("v1,", "v1a,")},
        {"webhook-signature": RIGHT[:-2] + "A="},
        {"webhook-signature": "v1,ò"},
        {"webhook-signature": "v1,"},
        {"webhook-signature": ","},
    ],
)
def test_whatever_is_changed_is_noticed(changed: dict[str, str]) -> None:
    _refused(SECRET, BODY, HEADERS | changed)


def test_another_body_another_secret_and_no_headers_are_noticed() -> None:
    _refused(SECRET, BODY + b" ", HEADERS)
    _refused(SECRET, b"", HEADERS)
    _refused(OTHER, BODY, HEADERS)
    _refused(SECRET, BODY, {})


def _refused(secret: str, body: bytes, headers: dict[str, str]) -> None:
    with pytest.raises(Refused) as refused:
        verify(secret, body, headers=headers, now=NOW)
    assert refused.value.code == Refusal.SIGNATURE_INVALID.name
