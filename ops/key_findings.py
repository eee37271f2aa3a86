"""What stored values need of the encryption keys, as findings: for doctor, status, rotation and the start."""

from __future__ import annotations

from collections.abc import Sequence

from models.crypto import KeyRing
from models.key_rotation import KeyUse
from ops.finding import Finding, note, ok, wrong


def key_findings(uses: Sequence[KeyUse], ring: KeyRing) -> list[Finding]:
    """What cannot be opened, what an older key is still needed for, and which key is needed no more."""
    found = [_finding(use, ring) for use in uses]
    idle = set(ring.key_ids[1:]) - {use.key_id for use in uses}
    return found + [
        note(
            f"nothing stored needs the older key {key_id!r} any more",
            f"take it out of {ring.source} on every machine; keep it as long as a backup from before is kept",
        )
        for key_id in ring.key_ids
        if key_id in idle
    ]


def _finding(use: KeyUse, ring: KeyRing) -> Finding:
    if use.key_id is None:
        return wrong(f"{use} are not encrypted values of PostAgent", "connect these accounts again")
    if use.key_id not in ring.key_ids:
        return wrong(
            f"{use} need the encryption key {use.key_id!r}, which {ring.source} does not hold",
            "put it back behind the first one; when it is lost, connect these accounts again",
        )
    if use.key_id != ring.key_ids[0]:
        return note(
            f"{use} still need the older key {use.key_id!r}", "run `postagent keys rotate`; keep the key until then"
        )
    return ok(f"{use} are sealed with the first key {use.key_id!r}")
