"""What sealing costs, and rotating keys: python -m tests.benchmarks.bench_tokens [--accounts 10000] [--tokens 50000].

Sealing and opening are measured beside bare AESGCM of the same library with the same key, nonce and associated data, in
the same process, alternating; the median of the rounds. Rotation runs as `postagent keys rotate` does, in a process of
its own, on a durable PostgreSQL with two tokens an account.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from uuid import UUID, uuid4

import psycopg
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr

from models.account_tokens import ACCESS_COLUMN, TABLE, seal_tokens
from models.crypto import KeyRing, generate_key
from tests.benchmarks.house import KEY, postgres

ROUNDS = 5
ACCESS, REFRESH = "ya29.a0" + "x" * 200, "1//0" + "y" * 96  # as long as Google's
ROW, OWNER = UUID(int=1), UUID(int=2)


def rate(work: Callable[[], object], times: int) -> float:
    """Calls a second."""
    began = time.perf_counter()
    for _ in range(times):
        work()
    return times / (time.perf_counter() - began)


def sealing(tokens: int) -> None:
    """Ours beside bare AESGCM."""
    ring, bare = KeyRing.parse(SecretStr(KEY)), AESGCM(bytes(range(32)))
    token, content, associated = SecretStr(ACCESS), ACCESS.encode(), b"v1" * 60
    place = {"row_id": ROW, "user_id": OWNER}
    envelope = ring.seal(token, table=TABLE, column=ACCESS_COLUMN, **place)
    nonce = os.urandom(12)
    sealed = nonce + bare.encrypt(nonce, content, associated)

    def bare_seal() -> bytes:
        fresh = os.urandom(12)
        return fresh + bare.encrypt(fresh, content, associated)

    ways: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        "sealing": (lambda: ring.seal(token, table=TABLE, column=ACCESS_COLUMN, **place), bare_seal),
        "opening": (
            lambda: ring.open(envelope, table=TABLE, column=ACCESS_COLUMN, **place),
            lambda: bare.decrypt(sealed[:12], sealed[12:], associated),
        ),
    }
    print(f"\nTokens of {len(ACCESS)} characters, median of {ROUNDS} rounds of {tokens:,}")
    print(f"{'':<10}{'ours/s':>12}{'bare AESGCM/s':>16}{'µs more':>10}")
    for name, (ours, theirs) in ways.items():
        pairs = [(rate(ours, tokens), rate(theirs, tokens)) for _ in range(ROUNDS)]
        mine, their = (statistics.median(pair[side] for pair in pairs) for side in (0, 1))
        print(f"{name:<10}{mine:>12,.0f}{their:>16,.0f}{(1 / mine - 1 / their) * 1e6:>10.1f}")


def connect_accounts(db: psycopg.Connection[tuple[object, ...]], number: int) -> None:
    """Google accounts with two tokens each, all of one owner."""
    from tests.factories import make_owner

    ring, owner = KeyRing.parse(SecretStr(KEY)), make_owner(db).user_id
    with db.cursor().copy(
        "COPY connected_accounts (id, user_id, platform, account_id, access_token_encrypted, refresh_token_encrypted)"
        " FROM STDIN"
    ) as copy:
        for index in range(number):
            row = uuid4()
            sealed = seal_tokens(
                ring, row_id=row, user_id=owner, access_token=SecretStr(ACCESS), refresh_token=SecretStr(REFRESH)
            )
            account = f"accounts/1/locations/{index}"
            copy.write_row(
                (row, owner, "google", account, sealed.access_token_encrypted, sealed.refresh_token_encrypted)
            )
    db.execute("VACUUM ANALYZE connected_accounts")


def rotation() -> None:
    """In a process of its own; prints one JSON line."""
    from models.database import Role, connect
    from models.key_rotation import rotate
    from models.settings import settings

    ring = KeyRing.from_settings(settings())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    with connect(Role.OWNER, autocommit=True) as connection:
        began = time.perf_counter()
        done = rotate(connection, ring)
        seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    assert [use.key_id for use in done.uses] == [ring.key_ids[0]]
    print(json.dumps({"values": done.resealed, "seconds": seconds, "before_mb": before, "peak_mb": peak}))


def rotating(accounts: int) -> None:
    """Each round to a new key; the first one also meets a table that was never updated."""
    print(f"\nRotating the keys of {accounts:,} accounts (two tokens each)")
    print(f"{'round':<8}{'seconds':>9}{'values/s':>11}{'MB before':>11}{'MB peak':>9}")
    with postgres() as url:
        with psycopg.connect(url, autocommit=True) as db:
            connect_accounts(db, accounts)
        keys = KEY
        for number in range(1, 4):
            keys = f"{generate_key()},{keys}"
            environment = os.environ | {"POSTAGENT_DATABASE_URL": url, "POSTAGENT_ENCRYPTION_KEYS": keys}
            command = [sys.executable, "-m", "tests.benchmarks.bench_tokens", "--rotate"]
            run = subprocess.run(command, env=environment, capture_output=True, text=True)
            if run.returncode:
                sys.exit(run.stderr)
            told = json.loads(run.stdout)
            assert told["values"] == 2 * accounts
            print(
                f"{number:<8}{told['seconds']:>9.2f}{told['values'] / told['seconds']:>11,.0f}"
                f"{told['before_mb']:>11.0f}{told['peak_mb']:>9.0f}",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--tokens", type=int, default=50_000)
    parser.add_argument("--rotate", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.rotate:
        rotation()
        return
    sealing(args.tokens)
    rotating(args.accounts)


if __name__ == "__main__":
    main()
