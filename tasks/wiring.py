"""The one place where settings become platform clients."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from models.settings import Settings
from platforms import http as transport
from platforms.base import Platform
from platforms.graph import OnUsage
from platforms.registry import PlatformConfig, build_platforms


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


def platforms_from_settings(
    config: Settings, http: httpx.AsyncClient | None = None, *, on_usage: OnUsage | None = None
) -> dict[str, Platform]:
    """Every platform by its name, over `http`, which the caller closes.

    Without `http` a client is made that lives as long as the event loop; `open_platforms` closes its own.
    """
    client = http or transport.client(timeout_seconds=config.publish_timeout_seconds)
    return build_platforms(platform_config(config), client, on_usage=on_usage)


@asynccontextmanager
async def open_platforms(config: Settings, *, on_usage: OnUsage | None = None) -> AsyncIterator[dict[str, Platform]]:
    """Every platform by its name, over one client that is closed at the end."""
    async with transport.client(timeout_seconds=config.publish_timeout_seconds) as http:
        yield platforms_from_settings(config, http, on_usage=on_usage)
