"""The services that can be connected, one line each."""

from __future__ import annotations

from dataclasses import dataclass

import httpx
from pydantic import SecretStr

from platforms.connecting.base import Connector, Service
from platforms.connecting.facebook import FacebookConnector
from platforms.connecting.google import GoogleConnector
from platforms.connecting.instagram import InstagramConnector


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectConfig:
    """What the logins need to know. URLs as in `platforms.registry.PlatformConfig`; what is None is not set up."""

    google_auth_url: str
    google_token_url: str
    google_accounts_url: str
    google_locations_url: str
    google_client_id: str | None
    google_client_secret: SecretStr | None
    facebook_dialog_url: str
    facebook_graph_url: str
    meta_app_id: str | None
    meta_app_secret: SecretStr | None
    instagram_auth_url: str
    instagram_token_url: str
    instagram_graph_url: str
    instagram_app_id: str | None
    instagram_app_secret: SecretStr | None
    graph_version: str
    timeout_seconds: float  # the whole of one call


def missing_settings(service: Service, config: ConnectConfig) -> list[str]:
    """What the operator has to set before anybody can connect the service, by the names of the settings."""
    needed = {
        Service.GOOGLE: ("google_client_id", "google_client_secret"),
        Service.FACEBOOK: ("meta_app_id", "meta_app_secret"),
        Service.INSTAGRAM: ("instagram_app_id", "instagram_app_secret"),
        Service.INSTAGRAM_FACEBOOK: ("meta_app_id", "meta_app_secret"),
    }
    return [name.upper() for name in needed[service] if not getattr(config, name)]


def platform_of(service: Service) -> str:
    """On which platform posts appear that go out by this service's login."""
    return "instagram" if service is Service.INSTAGRAM_FACEBOOK else service.value


def login_of(service: Service) -> str | None:
    """Which of Instagram's two logins it is, as in `platforms.base.Account`."""
    return {Service.INSTAGRAM: "instagram", Service.INSTAGRAM_FACEBOOK: "facebook"}.get(service)


def service_of(platform: str, login: str | None) -> Service:
    """By which service a connected account was connected; `login` as in `platforms.base.Account`."""
    if platform == "instagram":
        return Service.INSTAGRAM_FACEBOOK if login == "facebook" else Service.INSTAGRAM
    return Service(platform)


def build_connector(service: Service, config: ConnectConfig, http: httpx.AsyncClient) -> Connector:
    """The login of a service over a client (`platforms.http.client`), which the caller closes."""
    if service is Service.GOOGLE:
        return GoogleConnector(
            http,
            auth_url=config.google_auth_url,
            token_url=config.google_token_url,
            accounts_url=config.google_accounts_url,
            locations_url=config.google_locations_url,
            client_id=config.google_client_id,
            client_secret=config.google_client_secret,
            timeout_seconds=config.timeout_seconds,
        )
    if service is Service.INSTAGRAM:
        return InstagramConnector(
            http,
            auth_url=config.instagram_auth_url,
            token_url=config.instagram_token_url,
            graph_url=config.instagram_graph_url,
            graph_version=config.graph_version,
            app_id=config.instagram_app_id,
            app_secret=config.instagram_app_secret,
            timeout_seconds=config.timeout_seconds,
        )
    return FacebookConnector(
        http,
        service=service,
        dialog_url=config.facebook_dialog_url,
        graph_url=config.facebook_graph_url,
        graph_version=config.graph_version,
        app_id=config.meta_app_id,
        app_secret=config.meta_app_secret,
        timeout_seconds=config.timeout_seconds,
    )
