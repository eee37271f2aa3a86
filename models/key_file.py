"""Makes the key file of a set-up that brings no keys of its own."""

from __future__ import annotations

import logging
import os
import secrets
from pathlib import Path

from models.crypto import KEY_FILE, KeyRing, KeysMalformed, generate_key

logger = logging.getLogger(__name__)


def load_or_create(home: Path) -> KeyRing:
    """The keys in `home/encryption.keys`; the file is made (one key, mode 0600) where it is missing.

    Safe when several processes call it at once: all of them get the first one's key. Raises KeysMalformed.
    """
    path = home / KEY_FILE
    if not path.exists():
        try:
            home.mkdir(parents=True, exist_ok=True)
            _create_once(path, generate_key() + "\n")
        except OSError as error:
            raise KeysMalformed(f"Cannot write the encryption key to {path} ({type(error).__name__})") from None
    _keep_private(path)
    return KeyRing.from_file(path)


def _create_once(path: Path, text: str) -> None:
    """Write `path` whole or not at all; keep what another process put there first."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # fails where the file stands already, unlike a rename
        except FileExistsError:
            return
    finally:
        draft.unlink(missing_ok=True)


def _keep_private(path: Path) -> None:
    try:
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
            logger.warning("%s could be read by other users of this machine; it cannot any more", path)
    except OSError:
        pass  # not ours to change; reading it tells whether it can be used
