"""What `postagent doctor` says about credentials and about the parts that should be running."""

from __future__ import annotations

import httpx

from models.settings import PREFIX, Settings
from ops.deployments import deployments
from ops.finding import Finding, note, ok, wrong
from ops.stack import record
from ops.stack.environment import POOL, has_real_credentials, prefect_url
from ops.stack.prefect_api import PrefectApi
from platforms.connecting.base import Service
from tasks.wiring import redirect_uri

# What each outside service needs, and what does not work without it.
_NEEDED = {
    "Google Business Profile": ("google_client_id", "google_client_secret"),
    "Facebook": ("meta_app_id", "meta_app_secret"),
    "Instagram": ("instagram_app_id", "instagram_app_secret"),
    "the writer of posts": ("openai_api_key",),
    "stock photos": ("pexels_api_key",),
}


def credentials(config: Settings) -> list[Finding]:
    """Sandbox or real credentials, and for the real ones what is missing."""
    if not has_real_credentials(config):
        where = config.sandbox_url or "started by `postagent up`"
        needed = ", ".join(PREFIX + name.upper() for names in _NEEDED.values() for name in names)
        return [note(f"the sandbox ({where}) stands for all outside services; nothing is published", f"set {needed}")]
    found: list[Finding] = []
    for service, names in _NEEDED.items():
        missing = [PREFIX + name.upper() for name in names if getattr(config, name) is None]
        if missing:
            found.append(wrong(f"{service} lacks {', '.join(missing)}", f"set {missing[0]} from the service's console"))
        else:
            found.append(ok(f"{service} has its credentials{_registered(service, config)}"))
    return found


def _registered(name: str, config: Settings) -> str:
    """The addresses of ours that a platform has to know before owners can connect their accounts."""
    there = {
        "Google Business Profile": [Service.GOOGLE],
        "Facebook": [Service.FACEBOOK, Service.INSTAGRAM_FACEBOOK],
        "Instagram": [Service.INSTAGRAM],
    }
    addresses = [redirect_uri(config, service) for service in there.get(name, [])]
    if name in ("Facebook", "Instagram"):
        addresses += [f"{config.public_url}/meta/{name.lower()}/{what}" for what in ("deauthorize", "deletion")]
    return f"; registered there must be {', '.join(addresses)}" if addresses else ""


async def running_parts(config: Settings) -> list[Finding]:
    """Prefect's server, pool, deployments and workers, and the dashboard."""
    stack = record.running(config.home.expanduser().resolve())
    found = [
        ok(f"`postagent up` runs here (process {stack.pid})") if stack else note("`postagent up` does not run here")
    ]
    return found + await _prefect(config) + await _dashboard(config)


async def _prefect(config: Settings) -> list[Finding]:
    url = prefect_url(config)
    async with PrefectApi(url, timeout=5) as api:
        if not await api.ready():
            return [
                wrong(f"Prefect's server does not answer at {url}", "run `postagent up`, or set POSTAGENT_PREFECT_PORT")
            ]
        found = [ok(f"Prefect's server answers at {url}")]
        try:
            pool = await api.pool()
            if pool is None:
                return [*found, wrong(f"there is no work pool {POOL!r}", "run `postagent up`")]
            if pool["is_paused"]:
                found.append(wrong(f"the work pool {POOL!r} is paused", f"run `prefect work-pool resume {POOL}`"))
            missing = {deployment.full_name for deployment in deployments()} - await api.deployment_names()
            if missing:
                found.append(wrong(f"not deployed: {', '.join(sorted(missing))}", "run `prefect deploy --all`"))
            else:
                found.append(ok("all deployments of prefect.yaml are there"))
            workers = await api.workers_online()
        except httpx.HTTPError as error:
            return [*found, wrong(f"Prefect's server does not work: {error}", "see its log in HOME/logs")]
        if workers:
            return [*found, ok(f"{workers} worker online")]
        return [*found, wrong("no worker is online", f"run `postagent up` or `prefect worker start --pool {POOL}`")]


async def _dashboard(config: Settings) -> list[Finding]:
    url = f"http://127.0.0.1:{config.dashboard_port}/healthz"
    try:
        async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
            answer = await client.get(url)
    except httpx.HTTPError:
        return [wrong(f"the dashboard does not answer at {url}", "run `postagent up`, or set POSTAGENT_DASHBOARD_PORT")]
    if answer.is_success:
        return [ok(f"the dashboard works ({config.public_url})")]
    return [wrong(f"the dashboard says {answer.status_code}: {answer.text[:200]}", "see its log in HOME/logs")]
