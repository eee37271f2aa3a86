"""What `postagent doctor` says about the database and the keys of what is stored in it."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from models import migrations
from models.crypto import KeyRing
from models.database import (
    OLDEST_POSTGRES,
    Role,
    check,
    connect,
    database_url,
    describe,
    log_in_themselves,
    session,
)
from models.key_rotation import damaged, key_uses
from models.queries import query
from models.settings import Settings
from ops.finding import Finding, note, ok, wrong
from ops.key_findings import key_findings

SKEW_SECONDS = 1.0  # due times are the database's; a platform's windows are minutes wide


def database(config: Settings) -> list[Finding]:
    """Reachable, new enough, migrated, of one mind about the time, and no place in two hands. Raises DatabaseError."""
    url = database_url(config, start=False)
    major = check(url)
    found = [ok(f"database {describe(url)}: PostgreSQL {major} ({OLDEST_POSTGRES} or newer is needed)")]
    if missing := migrations.pending(url):
        return [*found, wrong(f"{len(missing)} migrations are missing, first {missing[0]}", "run `postagent migrate`")]
    found.append(ok("all migrations are applied"))
    if not log_in_themselves(config):
        told = (
            "the dashboard logs in as the tables' owner, and only a setting of each connection keeps it in its rights"
        )
        found.append(note(told, "set POSTAGENT_ROLE_PASSWORD and run `postagent migrate`"))
    with session(Role.OWNER) as db:
        before = time.monotonic()
        there = db.connection().exec_driver_sql(query("database_clock")).scalar_one()
        round_trip = time.monotonic() - before
        shared = db.connection().exec_driver_sql(query("shared_places")).all()
    skew = abs((datetime.now(UTC) - there).total_seconds()) - round_trip
    told = f"this machine's clock and the database's differ by {max(skew, 0):.2f} s"
    found.append(ok(told) if skew < SKEW_SECONDS else note(told, "let both machines keep their time by NTP"))
    mend = "ask the owner whose it is not to disconnect it"
    found += [note(f"{owners} owners have {platform} {place} connected", mend) for platform, place, owners in shared]
    return found


def keys(config: Settings) -> list[Finding]:
    """Whether the keys are usable and open what is stored, all of it. Raises CryptoError, DatabaseError."""
    ring = KeyRing.from_settings(config)
    found = [ok(f"encryption keys from {ring.source}: {', '.join(ring.key_ids)} (the first one encrypts)")]
    url = database_url(config, start=False)
    if migrations.pending(url):
        return found
    with connect(Role.OWNER, url, autocommit=True) as connection:
        found += key_findings(key_uses(connection), ring)
        damage = damaged(connection, ring)
    found += [wrong(error, "connect the account again, or put the right key back") for error in damage.told]
    if (more := damage.total - len(damage.told)) > 0:
        found.append(wrong(f"{more} more stored values do not open", "mend the ones above first"))
    return found
