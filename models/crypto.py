"""Envelope encryption of secrets at rest: AES-256-GCM, with the place where a secret lives bound into it.

An envelope is the text `v1.<key id>.<base64url(nonce + ciphertext)>`. Table, column, row and owner are associated
data, so that a ciphertext copied to another row, column or tenant does not open (NIST SP 800-38D: 96-bit random
nonces, at most 2^32 messages a key). Nothing in this module puts key material or plaintext into a repr, an exception
or a log.

    CryptoError
    +-- KeysMalformed   the configured keys cannot be used: names the key's id or position
    +-- UnknownKey      an envelope was sealed with a key that is not configured any more
    +-- NotAnEnvelope   stored text of another or older form
    +-- SealBroken      moved to another row, altered, or the key under this id is another one
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import secrets
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Self
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr

from models.settings import Settings, settings

VERSION = "v1"
KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
KEY_FILE = "encryption.keys"
KEY_SETTING = "POSTAGENT_ENCRYPTION_KEYS"

# Shorter than any base64 of a usable key: an id may be shown, and swapped parts ("base64:id") must not pass as one.
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,20}")
_ENVELOPE = re.compile(r"v([0-9]+)\.([A-Za-z0-9_-]{1,20})\.([A-Za-z0-9_-]+)")
# The same for PostgreSQL's substring(): the key's id, or NULL for any other text, of which nothing may be shown.
KEY_ID_IN_SQL = rf"^{VERSION}\.([A-Za-z0-9_-]{{1,20}})\.[A-Za-z0-9_-]+$"


class CryptoError(Exception):
    """A secret cannot be sealed or opened; the message is one line with the mend and holds nothing secret."""


class KeysMalformed(CryptoError):
    """The configured keys cannot be used."""


class UnknownKey(CryptoError):
    """The envelope's key is not configured. `key_id` names it."""

    def __init__(self, message: str, key_id: str) -> None:
        super().__init__(message)
        self.key_id = key_id


class NotAnEnvelope(CryptoError):
    """The stored text is not an envelope of this product."""


class SealBroken(CryptoError):
    """The envelope does not belong here or was altered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a sealed value lives; part of the seal."""

    table: str
    column: str
    row_id: UUID
    user_id: UUID

    def __str__(self) -> str:
        return f"{self.table}.{self.column} of row {self.row_id}"


def generate_key() -> str:
    """A new key as `id:base64`, ready to stand in POSTAGENT_ENCRYPTION_KEYS. The id is random and says nothing."""
    return f"k{secrets.token_hex(4)}:{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}"


class KeyRing:
    """The configured keys: the first one seals, all of them open."""

    __slots__ = ("_ciphers", "source")

    def __init__(self, keys: dict[str, bytes], *, source: str) -> None:
        """`keys` by id, in order; `source` names where they came from, for messages. Raises KeysMalformed."""
        if not keys:
            raise KeysMalformed(f"{source} holds no key; write what `postagent keys generate` prints")
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self.source = source

    @classmethod
    def parse(cls, text: SecretStr, *, source: str = KEY_SETTING) -> Self:
        """Read `id:base64,...` (line ends separate too).

        Raises KeysMalformed, which names the bad key by its id, or by its position where the id itself is not sure.
        """
        keys: dict[str, bytes] = {}
        entries = [entry.strip() for entry in re.split(r"[,\n]", text.get_secret_value().strip(", \n\t\r"))]
        for position, entry in enumerate([] if entries == [""] else entries, start=1):
            key_id, colon, encoded = entry.partition(":")
            where = f"{source}: key {position}"
            if not colon:
                raise KeysMalformed(f"{where} has no colon; a key is written id:base64 (`postagent keys generate`)")
            if not _KEY_ID.fullmatch(key_id):
                raise KeysMalformed(f"{where} has no usable id before its colon; take 1-20 letters, digits, _ or -")
            where = f"{where} ({key_id})"
            if key_id in keys:
                raise KeysMalformed(f"{where}: this id stands there twice; each key needs an id of its own")
            keys[key_id] = _key_bytes(encoded.strip(), where)
        return cls(keys, source=source)

    @classmethod
    def from_settings(cls, config: Settings) -> Self:
        """The keys of POSTAGENT_ENCRYPTION_KEYS, else of the file `encryption.keys` below HOME.

        Raises KeysMalformed when there are none or one is unusable.
        """
        if config.encryption_keys is not None:
            return cls.parse(config.encryption_keys)
        return cls.from_file(config.home / KEY_FILE)

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """The keys of a file of the same form as the setting. Raises KeysMalformed when it is missing or unusable."""
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise KeysMalformed(
                f"No encryption key: set {KEY_SETTING} to what `postagent keys generate` prints ({path} is not there)"
            ) from None
        except (OSError, UnicodeDecodeError) as error:
            raise KeysMalformed(f"Cannot read the encryption keys in {path} ({type(error).__name__})") from None
        return cls.parse(SecretStr(text), source=str(path))

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The ids, the sealing one first."""
        return tuple(self._ciphers)

    def seal(self, plaintext: SecretStr, *, table: str, column: str, row_id: UUID, user_id: UUID) -> str:
        """Encrypt for exactly this place, with the first key and a fresh nonce."""
        key_id, cipher = next(iter(self._ciphers.items()))
        place = Place(table=table, column=column, row_id=row_id, user_id=user_id)
        nonce = os.urandom(NONCE_BYTES)
        # surrogatepass: a UnicodeEncodeError would carry the secret along.
        content = plaintext.get_secret_value().encode("utf-8", "surrogatepass")
        sealed = cipher.encrypt(nonce, content, _associated(key_id, place))
        return f"{VERSION}.{key_id}.{_to_text(nonce + sealed)}"

    def open(self, envelope: str, *, table: str, column: str, row_id: UUID, user_id: UUID) -> SecretStr:
        """Decrypt what was sealed for exactly this place.

        Raises NotAnEnvelope, UnknownKey or SealBroken; each names the place and never the content.
        """
        place = Place(table=table, column=column, row_id=row_id, user_id=user_id)
        key_id, payload = _split(envelope, place)
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise UnknownKey(
                f"{place} needs the encryption key {key_id!r}, which {self.source} does not hold; "
                f"add it behind the first one",
                key_id,
            )
        try:
            opened = cipher.decrypt(payload[:NONCE_BYTES], payload[NONCE_BYTES:], _associated(key_id, place))
        except InvalidTag:
            raise SealBroken(
                f"{place} does not open with key {key_id!r}: it was altered, moved from another row, "
                "or the key was replaced under the same id; connect the account again"
            ) from None
        return SecretStr(opened.decode("utf-8", "surrogatepass"))

    def beside(self, older: KeyRing) -> KeyRing:
        """These keys, and behind them those of `older` that are not among them."""
        both = KeyRing.__new__(KeyRing)
        both._ciphers = self._ciphers | {key: older._ciphers[key] for key in older.key_ids if key not in self._ciphers}
        both.source = self.source
        return both

    @property
    def mark(self) -> str:
        """What every envelope of the sealing key begins with."""
        return f"{VERSION}.{self.key_ids[0]}."

    def is_current(self, envelope: str) -> bool:
        """Whether the sealing key made this envelope, so that rotation may pass it by."""
        return key_id_of(envelope) == self.key_ids[0]

    def __repr__(self) -> str:
        return f"KeyRing(key_ids={list(self.key_ids)}, source={self.source!r})"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a KeyRing is never pickled: load it where it is needed")


def key_id_of(envelope: str) -> str | None:
    """The id of the key an envelope needs; None when the text is not an envelope."""
    match = _ENVELOPE.fullmatch(envelope)
    return match[2] if match and f"v{match[1]}" == VERSION else None


def key_ring() -> KeyRing:
    """This process's keys. The setting is read once; the file again whenever it was changed, so that keys are rotated
    without a restart. Raises KeysMalformed.
    """
    config = settings()
    if config.encryption_keys is not None:
        return _parsed(config.encryption_keys)
    return _followed(config.home / KEY_FILE)


@lru_cache(maxsize=4)
def _parsed(given: SecretStr) -> KeyRing:
    return KeyRing.parse(given)


_Stamp = tuple[int, int, int]  # time of the last change, size, inode
_files: dict[Path, tuple[_Stamp, KeyRing]] = {}


def _followed(path: Path) -> KeyRing:
    """The keys of the file as it is now. A key that was taken out opens on in this process, which may hold rows that it
    read before; a file that is being written just now counts when it can be used."""
    stamp, known = _stamp(path), _files.get(path)
    if known is not None and stamp in (known[0], None):
        return known[1]
    try:
        ring = KeyRing.from_file(path)
    except KeysMalformed:
        if known is None:
            raise
        return known[1]
    if known is not None:
        ring = ring.beside(known[1])
    if stamp is not None:
        _files[path] = (stamp, ring)
    return ring


def _stamp(path: Path) -> _Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _key_bytes(encoded: str, where: str) -> bytes:
    standard = encoded.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        key = base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise KeysMalformed(
            f"{where} is not base64 behind its colon; make a new one with `postagent keys generate`"
        ) from None
    if len(key) != KEY_BYTES:
        raise KeysMalformed(
            f"{where} has {len(key)} bytes, {KEY_BYTES} are needed; make a new one with `postagent keys generate`"
        )
    return key


def _split(envelope: str, place: Place) -> tuple[str, bytes]:
    match = _ENVELOPE.fullmatch(envelope)
    if match is None:
        raise NotAnEnvelope(f"{place} is not an encrypted value of PostAgent; connect the account again")
    if f"v{match[1]}" != VERSION:
        raise NotAnEnvelope(f"{place} was sealed by a newer PostAgent (form v{match[1][:6]}); update this one")
    try:
        payload = base64.urlsafe_b64decode(match[3] + "=" * (-len(match[3]) % 4))
    except (binascii.Error, ValueError):
        payload = b""
    # base64 ignores the spare bits of its last character: only the one true spelling counts as unaltered.
    if len(payload) < NONCE_BYTES + TAG_BYTES or _to_text(payload) != match[3]:
        raise SealBroken(f"{place} is damaged; connect the account again")
    return match[2], payload


def _associated(key_id: str, place: Place) -> bytes:
    """Each part with its length before it: no two places share an encoding, whatever the names hold."""
    parts = (VERSION, key_id, place.table, place.column, str(place.row_id), str(place.user_id))
    return b"".join([len(part).to_bytes(4, "big") + part for part in map(str.encode, parts)])


def _to_text(payload: bytes) -> str:
    return base64.urlsafe_b64encode(payload).decode().rstrip("=")
