"""What the benchmarks of publishing share: a durable PostgreSQL, the stub platform, owners with accounts."""

from __future__ import annotations

import os
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from uuid import uuid4

import psycopg

KEY = f"bench:{b64encode(bytes(range(32))).decode()}"


@contextmanager
def postgres() -> Iterator[str]:
    """A durable (fsync on) embedded PostgreSQL with the migrated schema."""
    from models import database, embedded_postgres
    from models.migrations import migrate
    from models.settings import load_settings, settings

    os.environ["POSTAGENT_ENCRYPTION_KEYS"] = KEY  # for what is made in this process
    settings.cache_clear()
    home = Path(mkdtemp(prefix="pa-bench-"))
    home.chmod(0o755)
    url = database.database_url(load_settings(home=home))
    try:
        migrate(url)
        yield url
    finally:
        embedded_postgres.stop(home)
        subprocess.run(["rm", "-rf", str(home)], check=False)


@contextmanager
def stub(latency: float) -> Iterator[str]:
    """The stub platform in a process of its own, answering after `latency` seconds."""
    command = [sys.executable, "-m", "tests.benchmarks.stub_platform", str(latency)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.terminate()


def environment(url: str, address: str, **settings: str) -> dict[str, str]:
    """What a worker's process needs to publish from `url` to the stub at `address`."""
    own = {
        "DATABASE_URL": url,
        "ENCRYPTION_KEYS": KEY,
        "SANDBOX_URL": address,
        "RECONCILE_SETTLE_SECONDS": "1",
        "GOOGLE_REQUESTS_PER_MINUTE": "0",  # 300 a minute would hide what is measured
        "GOOGLE_CLIENT_ID": "client",
        "GOOGLE_CLIENT_SECRET": "secret",
        **settings,
    }
    return {
        **os.environ,
        **{f"POSTAGENT_{name}": value for name, value in own.items()},
        "PREFECT_LOGGING_LEVEL": "ERROR",
    }


def connect_accounts(db: psycopg.Connection[Any], number: int) -> None:
    """So many Google accounts, each of an owner of its own."""
    from tests.factories import make_account, make_owner

    for _ in range(number):
        make_account(db, make_owner(db, plan="starter"), "google", access_token=f"token-{uuid4().hex}")


def clear_posts(db: psycopg.Connection[Any]) -> None:
    """Forget all posts, also their stories, which are append-only for everybody else."""
    db.execute("ALTER TABLE post_events DISABLE TRIGGER USER")
    db.execute("DELETE FROM post_queue")
    db.execute("ALTER TABLE post_events ENABLE TRIGGER USER")
