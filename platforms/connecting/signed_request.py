"""Meta's `signed_request`, with which it calls back: who removed our app, who wants their data deleted.

Source: developers.facebook.com, data deletion callback and deauthorize callback.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

import orjson
from pydantic import SecretStr

from platforms.answers import part, text

ALGORITHM = "HMAC-SHA256"
LONGEST = 8_192  # characters; a real one has some hundred


class NotSigned(ValueError):
    """Not a request that Meta signed for this app; the message holds nothing of it."""


def person_in(signed_request: str, app_secret: SecretStr) -> str:
    """The id under which our app knows the person. Raises NotSigned for everything that Meta did not send.

    The signature is looked at before anything in the payload is believed, in constant time.
    """
    if len(signed_request) > LONGEST or not signed_request.isascii():
        raise NotSigned("not a signed request")
    signature, dot, payload = signed_request.partition(".")
    key = app_secret.get_secret_value().encode()
    if not dot or not key:
        raise NotSigned("not a signed request")
    expected = hmac.new(key, payload.encode(), hashlib.sha256).digest()
    if not hmac.compare_digest(_decoded(signature), expected):
        raise NotSigned("the signature is not Meta's for this app")
    try:
        told = part(orjson.loads(_decoded(payload)))
    except orjson.JSONDecodeError:
        raise NotSigned("the payload cannot be read") from None
    if (text(told.get("algorithm")) or "").upper() != ALGORITHM:
        raise NotSigned(f"the algorithm is not {ALGORITHM}")
    person = told.get("user_id")
    person = str(person) if isinstance(person, int) and not isinstance(person, bool) else text(person)
    if person is None:
        raise NotSigned("it names no person")
    return person


def _decoded(part_of_it: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(part_of_it + "=" * (-len(part_of_it) % 4))
    except (binascii.Error, ValueError):
        raise NotSigned("not base64url") from None
