"""What Meta signed, and everything that only looks like it."""

from __future__ import annotations

import base64
import hmac
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from platforms.connecting.signed_request import NotSigned, person_in

SECRET = SecretStr("0f1e2d3c4b5a69788796a5b4c3d2e1f0")


def text_of(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def signed(payload: Any, secret: str = SECRET.get_secret_value(), digest: str = "sha256") -> str:
    """As Meta sends it."""
    body = text_of(payload if isinstance(payload, bytes) else orjson.dumps(payload))
    return f"{text_of(hmac.new(secret.encode(), body.encode(), digest).digest())}.{body}"


GOOD = {"algorithm": "HMAC-SHA256", "user_id": "218471", "issued_at": 1291836800}


@given(person=st.text(min_size=1), more=st.dictionaries(st.text(), st.integers(-(2**60), 2**60)))
def test_everything_that_is_signed_opens(person: str, more: dict[str, int]) -> None:
    try:
        request = signed(more | GOOD | {"user_id": person})
    except (TypeError, UnicodeEncodeError):  # JSON has no lone surrogates
        return
    assert person_in(request, SECRET) == person


def test_an_id_that_comes_as_a_number_is_the_same() -> None:
    assert person_in(signed(GOOD | {"user_id": 218471}), SECRET) == "218471"


@given(place=st.integers(0, 400), character=st.characters(codec="ascii"))
def test_nothing_that_was_altered_opens_as_somebody_else(place: int, character: str) -> None:
    request = signed(GOOD)
    place %= len(request)
    altered = request[:place] + character + request[place + 1 :]
    try:
        person = person_in(altered, SECRET)
    except NotSigned:
        return
    assert person == "218471", "at most another spelling of the same"


@given(st.text() | st.from_regex(r"[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*"))
def test_nothing_made_up_opens(request: str) -> None:
    with pytest.raises(NotSigned):
        person_in(request, SECRET)


@pytest.mark.parametrize(
    "request_text",
    [
        signed(GOOD, secret="another app's secret"),
        signed(GOOD, secret=""),
        signed(GOOD, digest="sha1"),
        signed(GOOD | {"algorithm": "HMAC-SHA1"}),
        signed(GOOD | {"algorithm": "none"}),
        signed({"user_id": "218471"}),
        signed({"algorithm": "HMAC-SHA256"}),
        signed(GOOD | {"user_id": ""}),
        signed(GOOD | {"user_id": True}),
        signed(GOOD | {"user_id": {"id": "1"}}),
        signed([GOOD]),
        signed(b"not JSON"),
        signed(b""),
        f".{text_of(orjson.dumps(GOOD))}",
        text_of(orjson.dumps(GOOD)),
        "x" * 9_000,
        signed(GOOD) + "=",
        "",
    ],
)
def test_what_does_not_count(request_text: str) -> None:
    with pytest.raises(NotSigned) as refused:
        person_in(request_text, SECRET)
    assert "218471" not in str(refused.value)


def test_no_secret_opens_nothing() -> None:
    with pytest.raises(NotSigned):
        person_in(signed(GOOD, secret=""), SecretStr(""))
