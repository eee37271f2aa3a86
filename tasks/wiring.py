"""The one place where settings become platform clients."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from models.database import database_url
from models.quota_rules import Budget, google_budget
from models.settings import Settings
from platforms import http as transport
from platforms.base import Pace, Platform
from platforms.connecting.base import Connector, Service
from platforms.connecting.registry import ConnectConfig, build_connector
from platforms.graph import OnUsage
from platforms.registry import PlatformConfig, build_platforms
from tasks.quotas.pacing import Pacer
from tasks.quotas.rows import LazyRows
from tasks.quotas.usage import UsageRecorder

CONNECT_CALL_SECONDS = 15.0  # a person waits for the page


def platform_config(config: Settings) -> PlatformConfig:
    """What the platform clients need of the settings."""
    return PlatformConfig(
        google_posts_url=config.google_posts_url,
        google_token_url=config.google_token_url,
        google_performance_url=config.google_performance_url,
        google_client_id=config.google_client_id,
        google_client_secret=config.google_client_secret,
        facebook_graph_url=config.facebook_graph_url,
        instagram_graph_url=config.instagram_graph_url,
        graph_version=config.graph_api_version,
        meta_app_id=config.meta_app_id,
        meta_app_secret=config.meta_app_secret,
        facebook_mode=config.facebook_publish_mode,
        instagram_max_hashtags=config.instagram_hashtag_cap,
        timeout_seconds=config.publish_timeout_seconds,
    )


def connect_config(config: Settings) -> ConnectConfig:
    """What the logins of the platforms need of the settings."""
    return ConnectConfig(
        google_auth_url=config.google_auth_url,
        google_token_url=config.google_token_url,
        google_accounts_url=config.google_accounts_url,
        google_locations_url=config.google_locations_url,
        google_client_id=config.google_client_id,
        google_client_secret=config.google_client_secret,
        facebook_dialog_url=config.facebook_dialog_url,
        facebook_graph_url=config.facebook_graph_url,
        meta_app_id=config.meta_app_id,
        meta_app_secret=config.meta_app_secret,
        instagram_auth_url=config.instagram_auth_url,
        instagram_token_url=config.instagram_token_url,
        instagram_graph_url=config.instagram_graph_url,
        instagram_app_id=config.instagram_app_id,
        instagram_app_secret=config.instagram_app_secret,
        graph_version=config.graph_api_version,
        timeout_seconds=min(config.publish_timeout_seconds, CONNECT_CALL_SECONDS),
    )


def redirect_uri(config: Settings, service: Service) -> str:
    """Where a platform's dialog comes back to; it is registered there, and compared letter by letter."""
    return f"{config.public_url}/connect/{service.value}/callback"


@asynccontextmanager
async def open_connector(config: Settings, service: Service) -> AsyncIterator[Connector]:
    """A service's login over a client of its own, which is closed at the end."""
    made = connect_config(config)
    async with transport.client(timeout_seconds=made.timeout_seconds) as http:
        yield build_connector(service, made, http)


def budgets(config: Settings) -> dict[str, Budget]:
    """Calls that a platform allows our whole application, by platform; where it counts none there is none."""
    google = google_budget(config.google_requests_per_minute)
    return {"google": google} if google is not None else {}


def platforms_from_settings(
    config: Settings,
    http: httpx.AsyncClient | None = None,
    *,
    on_usage: OnUsage | None = None,
    pace: Pace | None = None,
) -> dict[str, Platform]:
    """Every platform by its name, over `http`, which the caller closes.

    Without `http` a client is made that lives as long as the event loop; `open_platforms` closes its own.
    """
    client = http or transport.client(timeout_seconds=config.publish_timeout_seconds)
    return build_platforms(platform_config(config), client, on_usage=on_usage, pace=pace)


@asynccontextmanager
async def open_platforms(config: Settings, *, on_usage: OnUsage | None = None) -> AsyncIterator[dict[str, Platform]]:
    """Every platform by its name, over one client that is closed at the end.

    Calls keep to the quotas that all workers share: they take their place before they are made, and what usage headers
    say is written for everybody (unless `on_usage` takes it).
    """
    rows = LazyRows(lambda: database_url(config))
    recorder = UsageRecorder(rows)
    pace = Pacer(rows, budgets(config)).pace_of("google")
    try:
        async with transport.client(timeout_seconds=config.publish_timeout_seconds) as http:
            yield platforms_from_settings(config, http, on_usage=on_usage or recorder, pace=pace)
    finally:
        await recorder.close()
        await rows.close()
