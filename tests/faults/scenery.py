"""The world of a run: a database of its own, the sandbox as a process of its own, and a town full of due posts."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from uuid import UUID

import httpx
import psutil
import psycopg

from models import database, embedded_postgres
from models.base import utc_now
from models.migrations import migrate
from models.settings import load_settings, settings
from tests.factories import Connected, Owner, make_account, make_owner, make_post
from tests.faults.plan import LEASE, PREPARE_AHEAD, SETTLE, TIMEOUT, Plan, platform_troubles

APP_ID, APP_SECRET = "1834500000000001", "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
CREDENTIALS = {
    "POSTAGENT_META_APP_ID": APP_ID,
    "POSTAGENT_META_APP_SECRET": APP_SECRET,
    "POSTAGENT_GOOGLE_CLIENT_ID": "client",
    "POSTAGENT_GOOGLE_CLIENT_SECRET": "google-secret",
}


class Cluster:
    """The embedded PostgreSQL of a run, and what can happen to it."""

    def __init__(self) -> None:
        # A short path: Unix sockets take no more than 107 characters.
        self.home = Path(mkdtemp(prefix="pa-faults-"))
        self.home.chmod(0o755)
        self.url = database.database_url(load_settings(home=self.home))
        with psycopg.connect(self.url, autocommit=True) as db:
            # Losing the machine is not tried here, so nothing has to reach the disk; a commit still outlives a crash
            # of the server, because the kernel has it.
            db.execute("ALTER SYSTEM SET fsync = off")
            db.execute("SELECT pg_reload_conf()")
        migrate(self.url)

    def cut(self) -> int:
        """Break every connection; how many there were."""
        with psycopg.connect(self.url, autocommit=True) as db:
            row = db.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            ).fetchone()
        return row[0] if row else 0

    def crash(self, seconds: float) -> None:
        """Immediate shutdown, as by a crash; back after `seconds`."""
        pid_file = embedded_postgres.folder(self.home) / "postmaster.pid"
        server = psutil.Process(int(pid_file.read_text().split("\n", 1)[0]))
        server.send_signal(signal.SIGQUIT)
        server.wait(20)
        time.sleep(seconds)
        embedded_postgres.start(self.home)

    def told(self, words: str) -> int:
        """How often the server's log says so."""
        return (embedded_postgres.folder(self.home) / "log").read_text(errors="replace").count(words)

    def remove(self) -> None:
        """Stop it and take its files away."""
        embedded_postgres.stop(self.home)
        if keep := os.environ.get("FAULTS_KEEP"):
            shutil.copytree(self.home, keep, dirs_exist_ok=True, ignore=shutil.ignore_patterns("base", "pg_wal"))
        shutil.rmtree(self.home, ignore_errors=True)


class Sandbox:
    """The sandbox's control routes."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx.Client(trust_env=False, verify=False, timeout=30)

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Call one. Raises AssertionError with its answer when it refuses."""
        response = self._http.request(method, f"{self.url}/_sandbox/{path}", json=body)
        assert response.status_code == 200, response.text
        return response.json()

    def close(self) -> None:
        """Close the connection to it."""
        self._http.close()


@contextmanager
def running_sandbox() -> Iterator[Sandbox]:
    """`python -m platforms.sandbox` on a free port."""
    command = [sys.executable, "-m", "platforms.sandbox", "--port", "0"]
    environment = {**os.environ, **CREDENTIALS}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("Sandbox ready at "), line
        sandbox = Sandbox(line.split()[3])
        try:
            yield sandbox
        finally:
            sandbox.close()
            process.terminate()


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """A migrated database that is gone afterwards."""
    cluster = Cluster()
    try:
        yield cluster
    finally:
        cluster.remove()


def worker_environment(plan: Plan, cluster: Cluster, sandbox: Sandbox) -> dict[str, str]:
    """What the workers read their settings from."""
    return {
        **CREDENTIALS,
        "POSTAGENT_HOME": str(cluster.home),
        "POSTAGENT_DATABASE_URL": cluster.url,
        "POSTAGENT_SANDBOX_URL": sandbox.url,
        "POSTAGENT_ENCRYPTION_KEYS": f"faults:{b64encode(bytes(range(32))).decode()}",
        "POSTAGENT_FACEBOOK_PUBLISH_MODE": plan.facebook_mode,
        "POSTAGENT_PUBLISH_CONCURRENCY": str(plan.concurrency),
        "POSTAGENT_PUBLISH_LEASE_SECONDS": str(LEASE),
        "POSTAGENT_PUBLISH_TIMEOUT_SECONDS": str(TIMEOUT),
        "POSTAGENT_RECONCILE_SETTLE_SECONDS": str(SETTLE),
        "POSTAGENT_PREPARE_AHEAD_SECONDS": str(PREPARE_AHEAD),
        "POSTAGENT_GOOGLE_REQUESTS_PER_MINUTE": "1000000",  # counted, but wider than a minute that lasts a second
    }


@contextmanager
def settings_from(environment: Mapping[str, str]) -> Iterator[None]:
    """This process's own settings for a while (sealing tokens needs the key)."""
    before = dict(os.environ)
    os.environ.update(environment)
    settings.cache_clear()
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        settings.cache_clear()
        database.close_engines()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A post that was ordered. `key` stands in its text and nowhere else but in its twin's."""

    id: UUID
    platform: str
    account_id: str  # the platform's
    key: str
    text: str  # final, before the platform normalises it
    acceptable: bool  # False: the platform has to refuse it


@dataclass(slots=True)
class Town:
    """Who lives here, what they ordered, and what strangers posted on their pages."""

    wanted: list[Wanted] = field(default_factory=list)
    accounts: list[Connected] = field(default_factory=list)
    foreign: set[str] = field(default_factory=set)


def configure(sandbox: Sandbox, plan: Plan) -> None:
    """Platforms that trim, take their time, and have no quota that a run would meet."""
    sandbox.control(
        "POST",
        "config",
        {
            "require_appsecret_proof": True,
            "google_processing_seconds": 0.4,
            "instagram_processing_seconds": 0.1,
            "google_normalise": "squash",
            "facebook_normalise": "trim",
            "instagram_normalise": "squash",
            "instagram_quota_total": 1_000_000,
            "instagram_containers_per_day": 1_000_000,
            # Facebook's own guard against the same text twice would hide our mistakes.
            "facebook_duplicate_seconds": 0.0,
        },
    )


def misbehave(sandbox: Sandbox, plan: Plan) -> None:
    """Everything at once, from now on."""
    sandbox.control("POST", "faults", platform_troubles(plan))


ODD = (
    "  {} with blanks   around  and\tinside  ",
    "{}\r\nOn two lines.\n\n\nAnd more.  ",
    "{} thanks to @hill.country and @austin!",
    "{} zero\u200bwidth\u200d and soft\u00adhyphen",
    "{} \ufb01ne \u2018quotes\u2019 \u2014 caf\u00e9 \U0001f527\U0001f6bf",
)
PLAIN = "Know where your main shut-off valve is. ({})"


def fill(cluster: Cluster, sandbox: Sandbox, plan: Plan) -> Town:
    """Owners, accounts, and the posts. They fall due from about now on, over the plan's seconds."""
    dice = random.Random(plan.seed)
    town = Town()
    places: list[tuple[Owner, Connected]] = []
    with psycopg.connect(cluster.url, autocommit=True) as db:
        for _ in range(plan.tenants):
            owner = make_owner(db, plan="premium")
            places += [(owner, _connect(db, sandbox, owner, platform, dice)) for platform in plan.platforms]
        town.accounts = [account for _, account in places]
        begin = utc_now() + timedelta(seconds=1.5 + plan.posts / 600)
        number = 0
        while len(town.wanted) < plan.posts:
            number += 1
            owner, account = dice.choice(places)
            key = f"{plan.seed}-{number:05d}"
            kind = dice.random()
            text, columns, acceptable = _content(account.platform, key, kind, dice, sandbox.url)
            # Twins: the same text twice on purpose, due at different moments.
            for _ in range(2 if 0.2 < kind < 0.28 else 1):
                approved = dice.random() < 0.3
                post = make_post(
                    db,
                    owner,
                    account,
                    content=text,
                    status="approved" if approved else "pending",
                    requires_approval=approved,
                    scheduled_for=begin + timedelta(seconds=dice.uniform(0, plan.seconds)),
                    **columns,
                )
                final = text + ("\n\n#austin #plumber" if columns.get("hashtags") else "")
                town.wanted.append(
                    Wanted(
                        id=post,
                        platform=account.platform,
                        account_id=account.account_id,
                        key=key,
                        text=final,
                        acceptable=acceptable,
                    )
                )
    return town


def _connect(
    db: psycopg.Connection[Any], sandbox: Sandbox, owner: Owner, platform: str, dice: random.Random
) -> Connected:
    by_facebook = platform == "instagram" and dice.random() < 0.5
    wish = {"platform": platform, "name": owner.email} | ({"login": "facebook"} if by_facebook else {})
    made = sandbox.control("POST", "accounts", wish)
    return make_account(
        db,
        owner,
        platform,
        account_id=made["account_id"],
        access_token=made["access_token"],
        refresh_token=made["refresh_token"],
        token_expires_at=utc_now() + timedelta(seconds=made["expires_in"]) if made["expires_in"] else None,
        last_refreshed_at=utc_now(),
        login_provider=None if platform != "instagram" else "facebook" if by_facebook else "instagram",
    )


def _content(platform: str, key: str, kind: float, dice: random.Random, url: str) -> tuple[str, dict[str, Any], bool]:
    """(text, further columns, whether the platform will take it)."""
    columns: dict[str, Any] = {}
    picture = f"{url}/_sandbox/pictures/1080x1080/pipes-{key}.jpg"
    if platform == "instagram":
        columns["media_url"] = picture
        if dice.random() < 0.5:
            columns["hashtags"] = ["austin", "plumber"]
    elif dice.random() < 0.2:
        columns["media_url"] = picture
    if kind < 0.2:
        return dice.choice(ODD).format(key), columns, True
    if kind > 0.97 and platform == "google":
        return f"Call us at 512-555-0143 today. ({key})", columns, False
    if kind > 0.97 and platform == "instagram":
        return PLAIN.format(key), {**columns, "media_url": f"https://example.com/{key}.png"}, False
    return PLAIN.format(key), columns | _form(platform, key, columns), True


def _form(platform: str, key: str, columns: dict[str, Any]) -> dict[str, Any]:
    """Sometimes more than a text with a picture: an album or carousel, an event, an offer."""
    dice = random.Random(f"form of {key}")
    if dice.random() >= 0.25:
        return {}
    if platform != "google":
        return {"more_media_urls": [columns["media_url"]] * dice.choice((1, 2))} if "media_url" in columns else {}
    starts = utc_now() + timedelta(days=9)
    event = {"event_title": f"Open day {key}", "event_starts_at": starts, "event_ends_at": starts + timedelta(hours=4)}
    if dice.random() < 0.5:
        return {"topic_type": "EVENT", **event}
    return {"topic_type": "OFFER", **event, "offer_coupon_code": "TAP10"}


def post_as_stranger(sandbox: Sandbox, town: Town, dice: random.Random) -> None:
    """Another app posts on one of the pages; on Facebook, where the app can be told, sometimes our very words."""
    account = dice.choice(town.accounts)
    text = f"Somebody else's news {dice.randrange(10**9)}"
    ours = [w for w in town.wanted if w.account_id == account.account_id and w.platform == "facebook"]
    if ours and dice.random() < 0.5:
        text = dice.choice(ours).text
    with suppress(httpx.HTTPError):
        made = sandbox.control("POST", "posts", {"account_id": account.account_id, "text": text})
        town.foreign.add(made["id"])
