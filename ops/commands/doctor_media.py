"""What `postagent doctor` says about where pictures are stored, and whether platforms can fetch them from there."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from models.settings import Settings
from ops.finding import Finding, ok, wrong
from ops.stack.environment import has_real_credentials
from platforms.errors import PlatformError
from platforms.object_storage import LOCAL, new_key
from tasks.media.storage import Storages, media_folder


def media(config: Settings) -> list[Finding]:
    """Whether the storage works, and whether Google, Facebook and Instagram reach it from outside."""
    storage = Storages.from_settings(config).current
    local = storage.place == LOCAL
    where = str(media_folder(config)) if local else f"{config.s3_endpoint_url}, bucket {config.s3_bucket}"
    try:
        storage.get(new_key())  # nothing is there; a storage that lets us in says just that
    except PlatformError as error:
        return [wrong(f"pictures cannot be stored ({where}): {error.message}", "correct the POSTAGENT_S3_ settings")]
    found = [ok(f"pictures are stored in {where}")]
    fetched_from = config.public_url if local else str(config.s3_public_url)
    if has_real_credentials(config) and not _from_outside(fetched_from):
        mend = (
            "set POSTAGENT_S3_ENDPOINT_URL and the four with it, or POSTAGENT_PUBLIC_URL to an address on the internet"
        )
        told = f"Google, Facebook and Instagram fetch pictures themselves and cannot reach {fetched_from}"
        found.append(wrong(told, mend))
    return found


def _from_outside(url: str) -> bool:
    """Whether an address can be one on the internet: no name or number of this machine or its network."""
    host = (urlsplit(url).hostname or "localhost").rstrip(".")
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith((".localhost", ".local", ".lan", ".internal"))
