"""Who signed a request, as Standard Webhooks says: https://www.standardwebhooks.com.

    webhook-id          what the sender calls it, the same when it is sent again
    webhook-timestamp   seconds since 1970
    webhook-signature   `v1,` and the HMAC-SHA256 of `id.timestamp.body` in base64; several, with spaces between them,
                        while a secret is being changed

A secret is `whsec_` and its bytes in base64.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta

from domain.refusals import Refusal, Refused

TOLERANCE = timedelta(minutes=5)
"""How far the sender's clock may be from ours."""


def sign(secret: str, body: bytes, /, *, identifier: str, now: datetime) -> dict[str, str]:
    """Return the headers of a request with this body."""
    timestamp = str(int(now.timestamp()))
    signature = base64.b64encode(_signature(secret, identifier, timestamp, body)).decode()
    return {"webhook-id": identifier, "webhook-timestamp": timestamp, "webhook-signature": f"v1,{signature}"}


def verify(secret: str, body: bytes, /, *, headers: Mapping[str, str], now: datetime) -> None:
    """Raise Refused, SIGNATURE_INVALID or SIGNATURE_STALE, unless whoever knows the secret signed this body now."""
    identifier, timestamp, signatures = (
        headers.get(name, "") for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
    )
    if not identifier or not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < len("100000000000")):
        raise Refused(Refusal.SIGNATURE_INVALID)
    right = base64.b64encode(_signature(secret, identifier, timestamp, body))
    given = [each.partition(",") for each in signatures.split()]
    # All are compared, so that the time it takes tells nothing.
    if not sum(hmac.compare_digest(right, text.encode()) for version, _, text in given if version == "v1"):
        raise Refused(Refusal.SIGNATURE_INVALID)
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE.total_seconds():
        raise Refused(Refusal.SIGNATURE_STALE, minutes=TOLERANCE // timedelta(minutes=1))


def _signature(secret: str, identifier: str, timestamp: str, body: bytes) -> bytes:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = b".".join([identifier.encode("latin-1", "replace"), timestamp.encode(), body])
    return hmac.digest(key, signed, hashlib.sha256)
