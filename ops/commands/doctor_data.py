"""What `postagent doctor` says about the database and the keys of what is stored in it."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from models import migrations
from models.account_tokens import open_access_token
from models.crypto import CryptoError, KeyRing
from models.database import OLDEST_POSTGRES, Role, check, database_url, describe, session
from models.queries import query
from models.settings import Settings
from ops.finding import Finding, note, ok, wrong

SKEW_SECONDS = 1.0  # due times are the database's; a platform's windows are minutes wide


def database(config: Settings) -> list[Finding]:
    """Reachable, new enough, migrated, of one mind about the time, and no place in two hands. Raises DatabaseError."""
    url = database_url(config, start=False)
    major = check(url)
    found = [ok(f"database {describe(url)}: PostgreSQL {major} ({OLDEST_POSTGRES} or newer is needed)")]
    if missing := migrations.pending(url):
        return [*found, wrong(f"{len(missing)} migrations are missing, first {missing[0]}", "run `postagent migrate`")]
    found.append(ok("all migrations are applied"))
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
    """Whether the keys are usable and open what is stored. Raises CryptoError, DatabaseError."""
    ring = KeyRing.from_settings(config)
    found = [ok(f"encryption keys from {ring.source}: {', '.join(ring.key_ids)} (the first one encrypts)")]
    if migrations.pending(database_url(config, start=False)):
        return found
    with session(Role.OWNER) as db:
        counts = db.connection().exec_driver_sql(query("sealed_by_key")).all()
        samples = db.connection().exec_driver_sql(query("one_token_of_each_key")).all()
    for key_id, tokens in counts:
        if key_id not in ring.key_ids:
            found.append(
                wrong(f"{tokens} stored tokens need the key {key_id!r}, which is not there", f"add it to {ring.source}")
            )
        else:
            found.append(ok(f"{tokens} stored tokens are sealed with {key_id}"))
    for row_id, user_id, envelope in samples:
        try:
            open_access_token(ring, envelope, row_id=row_id, user_id=user_id)
        except CryptoError as error:
            if not any(repr(key_id) in str(error) for key_id, _ in counts if key_id not in ring.key_ids):
                found.append(wrong(f"a stored token does not open: {error}", "connect the account again"))
    return found
