"""Passwords: what is asked of a new one, and how a guess is checked."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from models import passwords
from models.passwords import PasswordError, check_password, hash_password, verify_password

GOOD = SecretStr("orange van at noon")


def test_the_right_password_opens_and_a_wrong_one_does_not() -> None:
    kept = hash_password(GOOD, email="bob@example.com")
    assert kept.startswith("$argon2id$")
    assert "orange" not in kept
    assert verify_password(kept, GOOD)
    assert not verify_password(kept, SecretStr("orange van at noon "))


def test_two_hashes_of_one_password_differ() -> None:
    assert hash_password(GOOD, email="bob@example.com") != hash_password(GOOD, email="bob@example.com")


def test_a_password_typed_on_another_keyboard_is_the_same() -> None:
    kept = hash_password(SecretStr("caf\u00e9 au lait x2"), email="bob@example.com")
    assert verify_password(kept, SecretStr("cafe\u0301 au lait x2"))


@pytest.mark.parametrize(
    ("password", "part"),
    [
        ("9 letter", "at least 10"),
        ("x" * 257 + "abc", "at most 256"),
        ("Password123", "easy to guess"),
        ("aaaaaaaaaaaaaa", "easy to guess"),
        ("abababababab", "easy to guess"),
        ("robert.miller", "close to the e-mail"),
        ("Robert.Miller2026", "close to the e-mail"),
        ("robert.miller@example.com", "close to the e-mail"),
        ("example.com", "close to the e-mail"),
    ],
)
def test_a_weak_password_is_refused_with_what_to_do(password: str, part: str) -> None:
    with pytest.raises(PasswordError, match=part) as refusal:
        check_password(SecretStr(password), email="robert.miller@example.com")
    assert password not in str(refusal.value)


@pytest.mark.parametrize("password", ["correct horse battery", "9 Ähren im Wind", "x7#kLq!p2Wz"])
def test_a_good_password_needs_no_special_signs(password: str) -> None:
    check_password(SecretStr(password), email="bob@example.com")


@pytest.mark.parametrize("kept", [None, "", "plain text", "$2b$12$abcdefghijklmnopqrstuv", "$argon2id$broken"])
def test_no_user_and_a_hash_of_another_form_open_nothing(kept: str | None) -> None:
    assert not verify_password(kept, GOOD)
    assert not verify_password(kept, SecretStr("nobody has this password"))


def test_an_unknown_user_costs_the_same_work_as_a_known_one(monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str] = []

    class Counting:
        def verify(self, kept: str, plain: str) -> bool:
            checked.append(kept)
            return True

    kept = hash_password(GOOD, email="bob@example.com")
    passwords._nobody()
    monkeypatch.setattr(passwords, "_HASHER", Counting())
    verify_password(None, GOOD)
    verify_password(kept, GOOD)
    assert len(checked) == 2
    # m, t and p decide about the time: version and parameters stand before the salt.
    assert checked[0].split("$")[1:4] == checked[1].split("$")[1:4]
