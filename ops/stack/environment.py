"""What the children of `postagent up` are told through their environment."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path

from dotenv import dotenv_values

from models.settings import PREFIX, Settings
from ops.deployments import ROOT

POOL = "postagent"
STACK_MARK = "POSTAGENT_STACK"  # by this a later `up` knows the processes of a killed one
CREDENTIALS = (
    "google_client_id", "google_client_secret", "meta_app_id", "meta_app_secret", "instagram_app_id",
    "instagram_app_secret", "pexels_api_key", "unsplash_access_key", "openai_api_key",
)  # fmt: skip
# Unsplash is left out: without a key it is not used, which is its default in real life too.
_SANDBOX_CREDENTIALS = tuple(name for name in CREDENTIALS if name != "unsplash_access_key")


def has_real_credentials(config: Settings) -> bool:
    """Whether anything is set that belongs to the real services; the sandbox then stays out of it."""
    return any(getattr(config, name) is not None for name in CREDENTIALS)


def starts_sandbox(config: Settings) -> bool:
    """Whether `up` brings its own sandbox: no credentials, and no sandbox named that runs elsewhere."""
    return config.sandbox_url is None and not has_real_credentials(config)


def sandbox_url(config: Settings) -> str | None:
    """The sandbox that stands for the outside world: the one that `up` starts, or the one the settings name."""
    return f"http://127.0.0.1:{config.sandbox_port}" if starts_sandbox(config) else config.sandbox_url


def sandbox_environment(url: str) -> dict[str, str]:
    """Points every service at a sandbox, which takes any credential where none is configured in it."""
    made = {f"{PREFIX}{name.upper()}": "sandbox" for name in _SANDBOX_CREDENTIALS}
    return made | {f"{PREFIX}SANDBOX_URL": url}


def prefect_url(config: Settings) -> str:
    """Address of Prefect's API under `up`."""
    return f"http://127.0.0.1:{config.prefect_port}/api"


def prefect_environment(config: Settings) -> dict[str, str]:
    """Settings of Prefect: its own SQLite below HOME, nothing told to anybody, old runs cleared away."""
    home = config.home.expanduser().resolve() / "prefect"
    return {
        "PREFECT_HOME": str(home),
        "PREFECT_PROFILES_PATH": str(home / "profiles.toml"),
        "PREFECT_API_URL": prefect_url(config),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(14 * 86_400),
        "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": "P2D",
        # SQLite has one writer at a time: on a busy machine it is worth waiting for.
        "PREFECT_SERVER_DATABASE_CONNECTION_TIMEOUT": "60",
        "PREFECT_SERVER_DATABASE_TIMEOUT": "60",
        "PREFECT_WORKER_QUERY_SECONDS": "2",
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",  # the shortest; the zombie automation counts on it
        "PREFECT_LOGGING_SETTINGS_PATH": str(Path(__file__).parents[1] / "prefect_logging.yml"),
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
        "PREFECT_CLI_PROMPT": "false",
    }


def inherited(env_file: Path = Path(".env")) -> dict[str, str]:
    """Our own environment, completed by `.env`, without what would mislead a child.

    A foreign Prefect address or profile must not reach it, and bytecode must be kept: without it every start of a
    process costs a second more. Where `make` compiled what it installed, that is used; else who wants none beside the
    sources (PYTHONDONTWRITEBYTECODE) gets it below HOME.
    """
    given = {name: value for name, value in dotenv_values(env_file).items() if value is not None}
    merged = {name.upper(): value for name, value in given.items() if name.upper().startswith(PREFIX)} | dict(
        os.environ
    )
    misleading = ("PREFECT_API_", "PREFECT_PROFILE", "PREFECT_CLOUD_", "PREFECT_HOME", "PREFECT__")
    return {
        name: value
        for name, value in merged.items()
        if not name.startswith(misleading) and name != "PYTHONDONTWRITEBYTECODE"
    }


def _is_compiled() -> bool:
    """Whether the installed packages came with their bytecode."""
    spec = find_spec("prefect")
    return spec is not None and spec.cached is not None and Path(spec.cached).exists()


def child_environment(config: Settings, *, database_url: str | None = None) -> dict[str, str]:
    """The environment of every child. `database_url` once it is known."""
    home = config.home.expanduser().resolve()
    made = inherited() | prefect_environment(config)
    if os.environ.get("PYTHONDONTWRITEBYTECODE") and not _is_compiled():
        made["PYTHONPYCACHEPREFIX"] = os.environ.get("PYTHONPYCACHEPREFIX") or str(home / "pycache")
    if (url := sandbox_url(config)) is not None and not has_real_credentials(config):
        made |= sandbox_environment(url)
    if database_url is not None:
        made[f"{PREFIX}DATABASE_URL"] = database_url
    return made | {
        f"{PREFIX}HOME": str(home),
        f"{PREFIX}PUBLIC_URL": config.public_url,
        STACK_MARK: str(home),
        "POSTAGENT_ROOT": str(ROOT),
        "POSTAGENT_PYTHON": sys.executable,
        "PYTHONUNBUFFERED": "1",
    }
