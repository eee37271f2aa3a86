"""The platforms we know, one line each, and the form of their account ids."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import httpx
from pydantic import SecretStr

from platforms.base import Pace, Platform
from platforms.facebook import Facebook, PublishMode
from platforms.google_business import GoogleBusiness
from platforms.graph import OnUsage
from platforms.instagram import Instagram


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformConfig:
    """What the platform clients need to know. URLs are scheme and host (and a path before the API's own, if any).

    A secret that is None leaves out what needs it: renewing tokens, and Meta's appsecret_proof.
    """

    google_posts_url: str
    google_token_url: str
    google_performance_url: str
    google_client_id: str | None
    google_client_secret: SecretStr | None
    facebook_graph_url: str
    instagram_graph_url: str
    graph_version: str  # "v26.0"
    meta_app_id: str | None
    meta_app_secret: SecretStr | None
    facebook_mode: PublishMode = "prepared"
    instagram_max_hashtags: int = 5  # announced on 2025-12-19; the API documents still say 30
    instagram_container_wait_seconds: float = 30.0
    timeout_seconds: float = 30.0  # the whole of one call


def build_platforms(
    config: PlatformConfig, http: httpx.AsyncClient, *, on_usage: OnUsage | None = None, pace: Pace | None = None
) -> dict[str, Platform]:
    """Every platform by its name, over one shared client (`platforms.http.client`), which the caller closes.

    `on_usage` is called with what Meta's usage headers say, after every answer that has them; `pace` is asked before
    every call that Google's quota counts.
    """
    platforms: tuple[Platform, ...] = (
        GoogleBusiness(
            http,
            posts_url=config.google_posts_url,
            token_url=config.google_token_url,
            performance_url=config.google_performance_url,
            client_id=config.google_client_id,
            client_secret=config.google_client_secret,
            timeout_seconds=config.timeout_seconds,
            pace=pace,
        ),
        Facebook(
            http,
            graph_url=config.facebook_graph_url,
            graph_version=config.graph_version,
            app_id=config.meta_app_id,
            app_secret=config.meta_app_secret,
            mode=config.facebook_mode,
            timeout_seconds=config.timeout_seconds,
            on_usage=on_usage,
        ),
        Instagram(
            http,
            instagram_graph_url=config.instagram_graph_url,
            facebook_graph_url=config.facebook_graph_url,
            graph_version=config.graph_version,
            app_id=config.meta_app_id,
            app_secret=config.meta_app_secret,
            max_hashtags=config.instagram_max_hashtags,
            container_wait_seconds=config.instagram_container_wait_seconds,
            timeout_seconds=config.timeout_seconds,
            on_usage=on_usage,
        ),
    )
    return {platform.name: platform for platform in platforms}


_ACCOUNT_IDS: Mapping[str, tuple[re.Pattern[str], str, str]] = {
    "google": (
        re.compile(r"accounts/[0-9]{1,32}/locations/[0-9]{1,32}"),
        "accounts/<digits>/locations/<digits>",
        "accounts/1/locations/2",
    ),
    "facebook": (re.compile(r"[0-9]{1,32}"), "the Page's id, digits only", "104958162837"),
    "instagram": (re.compile(r"[0-9]{1,32}"), "the professional account's id, digits only", "17841400000000000"),
}


def validate_account_id(platform: str, account_id: str) -> str:
    """The id as the platform writes it. Raises ValueError that names the value and the right form."""
    if platform not in _ACCOUNT_IDS:
        raise ValueError(f"there is no platform {platform!r}; the platforms are {', '.join(_ACCOUNT_IDS)}")
    pattern, form, example = _ACCOUNT_IDS[platform]
    if not pattern.fullmatch(account_id):
        raise ValueError(f"{account_id!r} is not a {platform} account id: write {form}, as in {example}")
    return account_id
