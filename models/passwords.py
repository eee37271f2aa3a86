"""Passwords of dashboard users: what is asked of a new one, how it is kept, how a guess is checked.

Kept as Argon2id (RFC 9106, the library's low-memory profile). Rules follow NIST SP 800-63B: length instead of
composition, no well-known password, nothing built from the e-mail; compared after Unicode NFKC.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY
from pydantic import SecretStr

SHORTEST = 10
LONGEST = 256  # code points; longer ones only cost time

# The well-known ones that the length rule lets through.
_WELL_KNOWN = frozenset(
    (
        "1234567890", "0123456789", "0987654321", "9876543210", "12345678910", "123456789a", "a123456789",
        "1q2w3e4r5t", "1qaz2wsx3edc", "qwertyuiop", "qwerty12345", "qwerty123456", "asdfghjkl1", "zxcvbnm123",
        "iloveyou12", "iloveyou123", "password12", "password123", "password1234", "passw0rd123", "password!",
        "letmein123", "welcome123", "welcome2026", "changeme123", "administrator", "admin12345", "admin123456",
        "football123", "baseball123", "sunshine123", "princess123", "superman123", "trustno123", "1111111111",
        "0000000000", "abcdefghij", "abc1234567", "qazwsxedcr",
    )
)  # fmt: skip

_HASHER = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)


class PasswordError(ValueError):
    """A new password is not good enough; the message says what to do."""


def check_password(password: SecretStr, *, email: str) -> None:
    """Raise PasswordError when a new password is too short, too long, well known, or made from the e-mail."""
    plain = _normal(password)
    if len(plain) < SHORTEST:
        raise PasswordError(f"The password is too short: use at least {SHORTEST} characters")
    if len(plain) > LONGEST:
        raise PasswordError(f"The password is too long: use at most {LONGEST} characters")
    simple = plain.casefold()
    name, _, domain = email.casefold().partition("@")
    if simple in _WELL_KNOWN or len(set(simple)) < 4:
        raise PasswordError("The password is too easy to guess: use a few words that only you would put together")
    if simple in (email.casefold(), name, domain) or (len(name) >= 5 and simple.startswith(name)):
        raise PasswordError("The password is too close to the e-mail address: use something else")


def hash_password(password: SecretStr, *, email: str) -> str:
    """The text for `users.password_hash` (its own salt and parameters inside).

    Raises PasswordError when the password breaks a rule of `check_password`.
    """
    check_password(password, email=email)
    return _HASHER.hash(_normal(password))


def verify_password(password_hash: str | None, password: SecretStr) -> bool:
    """Whether the password is the one behind the hash.

    None (no such user) and a hash of an unknown form cost as much time as a wrong password, and answer the same.
    """
    plain = _normal(password)[: LONGEST + 1]
    known = password_hash if password_hash is not None and password_hash.startswith("$argon2") else None
    try:
        matches = _HASHER.verify(known or _nobody(), plain)
    except (VerificationError, InvalidHashError):
        return False
    return matches and known is not None


def _normal(password: SecretStr) -> str:
    return unicodedata.normalize("NFKC", password.get_secret_value())


@lru_cache(maxsize=1)
def _nobody() -> str:
    """A hash with today's parameters that belongs to nobody."""
    return _HASHER.hash("nobody has this password")
