"""Envelopes open where they belong and nowhere else, and nothing ever shows a key or a token."""

from __future__ import annotations

import base64
import pickle
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import SecretStr

from models import crypto
from models.account_tokens import open_access_token, open_refresh_token, seal_tokens
from models.crypto import (
    CryptoError,
    KeyRing,
    KeysMalformed,
    NotAnEnvelope,
    SealBroken,
    UnknownKey,
    generate_key,
    key_id_of,
    key_ring,
)
from models.key_file import load_or_create
from models.settings import Settings, settings

MATERIAL = base64.b64encode(bytes(range(32))).decode()
RING = KeyRing.parse(SecretStr(f"main:{MATERIAL}"))
ROW, OWNER = UUID(int=1), UUID(int=2)
HOME = {"table": "connected_accounts", "column": "access_token_encrypted", "row_id": ROW, "user_id": OWNER}
MARK = "ya29.MARKED-TOKEN-0123456789"


def _seal(text: str = MARK, ring: KeyRing = RING, **place: Any) -> str:
    return ring.seal(SecretStr(text), **{**HOME, **place})


@given(st.text(), st.uuids(), st.uuids(), st.text(), st.text())
def test_what_was_sealed_opens_again_in_its_place(text: str, row: UUID, user: UUID, table: str, column: str) -> None:
    place = {"table": table, "column": column, "row_id": row, "user_id": user}
    assert RING.open(RING.seal(SecretStr(text), **place), **place).get_secret_value() == text  # type: ignore[arg-type]


def test_a_lone_surrogate_is_a_text_like_any_other() -> None:
    assert RING.open(_seal("a\ud800b"), **HOME).get_secret_value() == "a\ud800b"  # type: ignore[arg-type]


@given(st.text(), st.text(), st.text(), st.text())
def test_no_two_places_share_a_seal(table: str, column: str, other_table: str, other_column: str) -> None:
    assume((table, column) != (other_table, other_column))
    envelope = _seal(table=table, column=column)
    with pytest.raises(SealBroken):
        RING.open(envelope, table=other_table, column=other_column, row_id=ROW, user_id=OWNER)


@pytest.mark.parametrize(
    "elsewhere",
    [{"table": "users"}, {"column": "refresh_token_encrypted"}, {"row_id": UUID(int=3)}, {"user_id": UUID(int=3)}],
)
def test_a_ciphertext_moved_to_another_place_does_not_open(elsewhere: dict[str, Any]) -> None:
    with pytest.raises(SealBroken, match="does not open") as caught:
        RING.open(_seal(), **{**HOME, **elsewhere})
    assert MARK not in str(caught.value)
    assert caught.value.__cause__ is None


@given(st.data())
def test_an_envelope_altered_at_any_character_does_not_open(data: st.DataObject) -> None:
    envelope = _seal()
    at = data.draw(st.integers(0, len(envelope) - 1))
    other = data.draw(st.characters(codec="ascii"))
    assume(other != envelope[at])
    with pytest.raises(CryptoError) as caught:
        RING.open(envelope[:at] + other + envelope[at + 1 :], **HOME)  # type: ignore[arg-type]
    _shows_nothing(str(caught.value), envelope)


@given(st.binary(max_size=40), st.data())
def test_no_bit_of_nonce_ciphertext_or_tag_can_be_flipped(content: bytes, data: st.DataObject) -> None:
    version, key_id, text = _seal(content.decode("latin-1")).split(".")
    payload = bytearray(_payload(f"{version}.{key_id}.{text}"))
    payload[data.draw(st.integers(0, len(payload) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(SealBroken):
        RING.open(f"{version}.{key_id}.{base64.urlsafe_b64encode(payload).decode().rstrip('=')}", **HOME)  # type: ignore[arg-type]


@given(st.sampled_from(["key id", "nonce", "ciphertext", "tag"]), st.text(min_size=1, max_size=30))
def test_no_part_of_another_envelope_of_the_same_place_fits(part: str, text: str) -> None:
    second = f"second:{base64.b64encode(bytes(32)).decode()}"
    ring = KeyRing.parse(SecretStr(f"main:{MATERIAL},{second}"))
    one, other = _seal(text, ring), _seal(text, KeyRing.parse(SecretStr(f"{second},main:{MATERIAL}")))
    if part == "key id":
        mixed = f"v1.second.{one.split('.')[2]}"
    else:
        again = _seal(text[::-1] + "x", ring)
        mine, foreign = (_payload(envelope) for envelope in (one, again))
        mine = {
            "nonce": foreign[:12] + mine[12:],
            "ciphertext": mine[:12] + foreign[12:-16] + mine[-16:],
            "tag": mine[:-16] + foreign[-16:],
        }[part]
        mixed = f"v1.main.{base64.urlsafe_b64encode(mine).decode().rstrip('=')}"
    for envelope in (one, other):
        assert ring.open(envelope, **HOME).get_secret_value() == text  # type: ignore[arg-type]
    with pytest.raises(SealBroken):
        ring.open(mixed, **HOME)  # type: ignore[arg-type]


def _payload(envelope: str) -> bytes:
    text = envelope.split(".")[2]
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@given(st.data())
def test_a_shortened_or_lengthened_envelope_does_not_open(data: st.DataObject) -> None:
    envelope = _seal()
    cut = data.draw(st.integers(0, len(envelope) - 1))
    for changed in (envelope[:cut], envelope + data.draw(st.text(min_size=1, max_size=5))):
        with pytest.raises(CryptoError) as caught:
            RING.open(changed, **HOME)  # type: ignore[arg-type]
        _shows_nothing(str(caught.value), envelope)


@given(st.text())
def test_anything_else_in_the_column_is_named_as_no_envelope(text: str) -> None:
    assume(key_id_of(text) is None)
    with pytest.raises(NotAnEnvelope) as caught:
        RING.open(text, **HOME)  # type: ignore[arg-type]
    assert len(text) < 8 or text not in str(caught.value)


def test_an_older_form_says_what_to_do_and_a_newer_one_too() -> None:
    with pytest.raises(
        NotAnEnvelope, match=r"of row 00000000-.* is not an encrypted value .*connect the account again"
    ):
        RING.open("gAAAAABnOldFernetToken==", **HOME)  # type: ignore[arg-type]
    with pytest.raises(NotAnEnvelope, match="newer PostAgent"):
        RING.open("v2.main.AAAA", **HOME)  # type: ignore[arg-type]


def test_every_sealing_has_its_own_nonce() -> None:
    assert len({_payload(_seal())[:12] for _ in range(200)}) == 200


def test_the_first_key_seals_and_all_of_them_open() -> None:
    old, new = KeyRing.parse(SecretStr(generate_key())), generate_key()
    old_entry = f"old:{base64.b64encode(bytes(32)).decode()}"
    before = _seal(ring=KeyRing.parse(SecretStr(old_entry)))
    both = KeyRing.parse(SecretStr(f"{new}, {old_entry}"))
    after = _seal(ring=both)
    assert key_id_of(after) == new.split(":")[0] == both.key_ids[0]
    assert both.open(before, **HOME) == both.open(after, **HOME) == SecretStr(MARK)  # type: ignore[arg-type]
    assert both.is_current(after)
    assert not both.is_current(before)
    with pytest.raises(UnknownKey, match=r"encryption key 'old'.*add it behind the first") as caught:
        old.open(before, **HOME)  # type: ignore[arg-type]
    assert caught.value.key_id == "old"


def test_another_key_under_the_same_id_does_not_open() -> None:
    with pytest.raises(SealBroken):
        KeyRing.parse(SecretStr(f"main:{base64.b64encode(bytes(32)).decode()}")).open(_seal(), **HOME)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no key"),
        (" , ", "holds no key"),
        (MATERIAL, "key 1 has no colon"),
        (f"a:{MATERIAL},{MATERIAL}", "key 2 has no colon"),
        (f"{MATERIAL}:a", "key 1 has no usable id"),
        (f":{MATERIAL}", "key 1 has no usable id"),
        (f"a b:{MATERIAL}", "key 1 has no usable id"),
        (f"a:{MATERIAL},a:{MATERIAL}", r"key 2 \(a\): this id stands there twice"),
        ("a:not!base64*at-all", r"key 1 \(a\) is not base64"),
        ("a:A", r"key 1 \(a\) is not base64"),
        (f"a:{base64.b64encode(bytes(range(16))).decode()}", r"key 1 \(a\) has 16 bytes, 32 are needed"),
        (f"a:{MATERIAL},b:{base64.b64encode(bytes(33)).decode()}", r"key 2 \(b\) has 33 bytes, 32 are needed"),
        ("a:", r"key 1 \(a\) has 0 bytes"),
        (f"a:{MATERIAL},", None),
        (f"a:{MATERIAL}\nb:{MATERIAL.rstrip('=')}\n", None),
        (f"a:{MATERIAL.replace('+', '-').replace('/', '_')}", None),
    ],
)
def test_malformed_keys_are_named_by_place_and_never_shown(text: str, said: str | None) -> None:
    if said is None:
        assert KeyRing.parse(SecretStr(text)).key_ids[0] == "a"
        return
    with pytest.raises(KeysMalformed, match=said) as caught:
        KeyRing.parse(SecretStr(text))
    message = str(caught.value)
    assert message.startswith("POSTAGENT_ENCRYPTION_KEYS")
    assert "postagent keys generate" in message or "id" in message
    assert "\n" not in message
    _shows_nothing(message, text)


@given(st.text(alphabet=st.characters(codec="ascii")))
def test_whatever_stands_in_the_setting_it_is_used_or_refused_in_one_line(text: str) -> None:
    said = ""
    try:
        KeyRing.parse(SecretStr(text))
    except KeysMalformed as error:
        said = str(error)
    assert "\n" not in said


def _shows_nothing(message: str, secret: str, length: int = 12) -> None:
    """No piece of `secret` that could matter stands in `message`."""
    pieces = {secret[i : i + length] for i in range(len(secret) - length + 1) if not secret[i:].startswith("v1.")}
    assert not [piece for piece in pieces if piece in message]


def test_nothing_shows_or_pickles_a_key_ring() -> None:
    ring = KeyRing.parse(SecretStr(f"main:{MATERIAL}"))
    for text in (repr(ring), str(ring), f"{ring}", repr({"ring": ring})):
        assert "main" in text
        _shows_nothing(text, MATERIAL)
    with pytest.raises(TypeError, match="never pickled"):
        pickle.dumps(ring)


def test_a_generated_key_is_usable_and_new_each_time() -> None:
    keys = {generate_key() for _ in range(50)}
    assert len(keys) == len({key.split(":")[0] for key in keys}) == 50
    assert all(KeyRing.parse(SecretStr(key)).key_ids for key in keys)


def _config(home: Path, keys: str | None = None) -> Settings:
    return Settings.model_construct(home=home, encryption_keys=SecretStr(keys) if keys is not None else None)


def test_the_setting_goes_before_the_file(tmp_path: Path) -> None:
    load_or_create(tmp_path)
    assert KeyRing.from_settings(_config(tmp_path, f"mine:{MATERIAL}")).key_ids == ("mine",)


def test_without_setting_and_file_the_message_tells_both_ways(tmp_path: Path) -> None:
    with pytest.raises(KeysMalformed, match=r"set POSTAGENT_ENCRYPTION_KEYS .*encryption\.keys is not there"):
        KeyRing.from_settings(_config(tmp_path))


def test_the_key_file_is_made_once_and_private(tmp_path: Path) -> None:
    home = tmp_path / "house"
    first = load_or_create(home)
    path = home / crypto.KEY_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_or_create(home).key_ids == first.key_ids == KeyRing.from_settings(_config(home)).key_ids
    assert [entry.name for entry in home.iterdir()] == [crypto.KEY_FILE]


def test_a_key_file_that_others_may_read_is_closed(tmp_path: Path) -> None:
    load_or_create(tmp_path)
    path = tmp_path / crypto.KEY_FILE
    path.chmod(0o644)
    load_or_create(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_many_at_once_agree_on_one_key_file(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        rings = list(pool.map(lambda _: load_or_create(tmp_path), range(64)))
    assert len({ring.key_ids for ring in rings}) == 1
    assert [entry.name for entry in tmp_path.iterdir()] == [crypto.KEY_FILE]


OLD, NEW = f"old:{base64.b64encode(bytes(32)).decode()}", f"new:{MATERIAL}"


@pytest.fixture
def key_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file that this process takes its keys from, with one key."""
    monkeypatch.setenv("POSTAGENT_HOME", str(tmp_path))
    monkeypatch.delenv("POSTAGENT_ENCRYPTION_KEYS", raising=False)
    settings.cache_clear()
    path = tmp_path / crypto.KEY_FILE
    path.write_text(OLD)
    yield path
    settings.cache_clear()


def test_a_running_process_takes_a_new_key_from_the_file_and_opens_on_with_one_that_was_taken_out(
    key_file: Path,
) -> None:
    assert key_ring().key_ids == ("old",)
    assert key_ring() is key_ring()
    before = _seal(ring=key_ring())
    key_file.write_text(f"{NEW}\n{OLD}\n")
    assert key_ring().key_ids == ("new", "old")
    assert key_id_of(_seal(ring=key_ring())) == "new"
    key_file.write_text(f"{NEW}\n")
    assert key_ring().open(before, **HOME).get_secret_value() == MARK  # type: ignore[arg-type]
    with pytest.raises(UnknownKey):  # who starts now does not know it
        KeyRing.from_settings(settings()).open(before, **HOME)  # type: ignore[arg-type]


@pytest.mark.parametrize("half", ["", "new:", f"{NEW},old:AAAA", None])
def test_a_key_file_that_is_being_written_does_not_stop_what_runs(key_file: Path, half: str | None) -> None:
    assert key_ring().key_ids == ("old",)
    key_file.unlink() if half is None else key_file.write_text(half)
    assert key_ring().key_ids == ("old",)
    with pytest.raises(KeysMalformed):
        KeyRing.from_settings(settings())
    key_file.write_text(f"{NEW},{OLD}")
    assert key_ring().key_ids == ("new", "old")


def test_the_first_key_of_a_process_must_be_usable(key_file: Path) -> None:
    key_file.write_text("nonsense")
    with pytest.raises(KeysMalformed, match="has no colon"):
        key_ring()
    key_file.unlink()
    with pytest.raises(KeysMalformed, match="is not there"):
        key_ring()


def test_a_damaged_key_file_is_named(tmp_path: Path) -> None:
    (tmp_path / crypto.KEY_FILE).write_text("nonsense")
    with pytest.raises(KeysMalformed, match=r"encryption\.keys: key 1 has no colon"):
        load_or_create(tmp_path)
    (tmp_path / crypto.KEY_FILE).write_bytes(b"\xff\xfe")
    with pytest.raises(KeysMalformed, match="Cannot read the encryption keys"):
        load_or_create(tmp_path)


def test_tokens_of_an_account_are_bound_to_their_column_and_row() -> None:
    row, user = uuid4(), uuid4()
    sealed = seal_tokens(
        RING, row_id=row, user_id=user, access_token=SecretStr("access"), refresh_token=SecretStr("refresh")
    )
    assert (
        open_access_token(RING, sealed.access_token_encrypted, row_id=row, user_id=user).get_secret_value() == "access"
    )
    refresh = open_refresh_token(RING, sealed.refresh_token_encrypted, row_id=row, user_id=user)
    assert refresh is not None
    assert refresh.get_secret_value() == "refresh"
    with pytest.raises(SealBroken):
        open_refresh_token(RING, sealed.access_token_encrypted, row_id=row, user_id=user)
    with pytest.raises(SealBroken):
        open_access_token(RING, sealed.access_token_encrypted, row_id=uuid4(), user_id=user)


@pytest.mark.parametrize("missing", [None, SecretStr("")])
def test_no_refresh_token_stays_none(missing: SecretStr | None) -> None:
    sealed = seal_tokens(RING, row_id=ROW, user_id=OWNER, access_token=SecretStr("access"), refresh_token=missing)
    assert sealed.refresh_token_encrypted is None
    assert open_refresh_token(RING, sealed.refresh_token_encrypted, row_id=ROW, user_id=OWNER) is None
