"""Every setting of the product, read once from the environment and `.env` (prefix `POSTAGENT_`).

Secrets are `SecretStr`: their repr is `**********`. A wrong or unknown setting ends in one line that names it and says
what to write; the value of a secret is never part of that line.
"""

from __future__ import annotations

import difflib
import os
import re
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from models.ai_prices import own_prices

PREFIX = "POSTAGENT_"
# Not settings: what prefect.yaml is filled in with, and the mark by which `postagent up` knows its own processes.
PASSED_ON = frozenset({"POSTAGENT_ROOT", "POSTAGENT_PYTHON", "POSTAGENT_STACK"})

# Where each twin lives below SANDBOX_URL; the right-hand sides are the scheme and host of the real service.
SERVICES: dict[str, tuple[str, str]] = {
    "google_auth_url": ("/google/auth", "https://accounts.google.com"),
    "google_token_url": ("/google/token", "https://oauth2.googleapis.com"),
    "google_posts_url": ("/google/posts", "https://mybusiness.googleapis.com"),
    "google_accounts_url": ("/google/accounts", "https://mybusinessaccountmanagement.googleapis.com"),
    "google_locations_url": ("/google/locations", "https://mybusinessbusinessinformation.googleapis.com"),
    "google_performance_url": ("/google/performance", "https://businessprofileperformance.googleapis.com"),
    "facebook_graph_url": ("/facebook/graph", "https://graph.facebook.com"),
    "facebook_dialog_url": ("/facebook/dialog", "https://www.facebook.com"),
    "instagram_graph_url": ("/instagram/graph", "https://graph.instagram.com"),
    "instagram_auth_url": ("/instagram/auth", "https://www.instagram.com"),
    "instagram_token_url": ("/instagram/token", "https://api.instagram.com"),
    "pexels_url": ("/pexels", "https://api.pexels.com"),
    "unsplash_url": ("/unsplash", "https://api.unsplash.com"),
    "openai_base_url": ("/openai", "https://api.openai.com"),
}

# Where pictures are stored; all of them or none.
S3 = ("s3_endpoint_url", "s3_bucket", "s3_access_key_id", "s3_secret_access_key", "s3_public_url")

SANDBOX_SENDER = "PostAgentPro <hello@postagent.example>"


class SettingsError(Exception):
    """A setting is wrong, missing or unknown; the message is one line with the mend."""


class Settings(BaseSettings):
    """The product's settings. Field names without the prefix, in lower case."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_file_encoding="utf-8", extra="ignore", hide_input_in_errors=True
    )

    home: Path = Field(default=Path(".postagent"), description="Folder of everything the embedded set-up keeps.")
    database_url: SecretStr | None = Field(
        default=None, description="PostgreSQL 15 or newer; without it the embedded one below HOME is used."
    )
    role_password: SecretStr | None = Field(
        default=None,
        description="Own DATABASE_URL only: password that `postagent migrate` gives `postagent_dashboard` and "
        "`postagent_access`. The dashboard then logs in as them, and no statement leads out of their rights.",
    )
    encryption_keys: SecretStr | None = Field(
        default=None, description="`id:base64,...`; 32 bytes each, the first encrypts. `postagent keys generate`."
    )
    public_url: str = Field(
        default="http://localhost:8501",
        description="Where owners reach the dashboard. Unless set: this machine.",
    )
    sandbox_url: str | None = Field(default=None, description="The local stand-in; fills every base URL not given.")

    dashboard_port: int = Field(default=8501, ge=1, le=65535, description="Port of the dashboard under `up`.")
    prefect_port: int = Field(default=4200, ge=1, le=65535, description="Port of Prefect's server under `up`.")
    sandbox_port: int = Field(default=8600, ge=1, le=65535, description="Port of the sandbox under `up`.")
    sandbox_smtp_port: int = Field(default=8601, ge=1, le=65535, description="Port of the sandbox's mail server.")
    work_pool_type: str = Field(default="process", description="Type of Prefect's work pool that `up` makes.")

    google_client_id: str | None = None
    google_client_secret: SecretStr | None = None
    meta_app_id: str | None = None
    meta_app_secret: SecretStr | None = None
    instagram_app_id: str | None = None
    instagram_app_secret: SecretStr | None = None
    pexels_api_key: SecretStr | None = None
    unsplash_access_key: SecretStr | None = None
    openai_api_key: SecretStr | None = None
    openai_model: str = Field(default="gpt-6-luna", description="Writes the week.")
    openai_fallback_model: str | None = Field(default=None, description="Asked when the first model fails.")
    openai_api: Literal["auto", "responses", "chat"] = Field(
        default="auto",
        description="How the writer is asked: `responses` (OpenAI's Responses API), `chat` (Chat Completions, which "
        "every compatible server has), `auto`: the first, and the second once a server shows that it lacks it.",
    )
    openai_batch: bool = Field(
        default=False,
        description="Write what is not due within 26 hours by OpenAI's Batch API, at half the price and within a day.",
    )
    openai_timeout_seconds: float = Field(default=90, gt=0, description="Longest single call to the writer.")
    ai_monthly_budget_usd: Decimal = Field(
        default=Decimal(5),
        ge=0,
        description="What writing for one owner may cost a month (UTC); beyond it their posts come from the evergreen "
        "bank.",
    )
    ai_prices: str | None = Field(
        default=None,
        description="Prices that the shipped table lacks or has wrong, in dollars per million tokens: "
        "`model=input/cached/cache write/output`, separated by commas; `0/0/0/0` for a model of your own.",
    )

    s3_endpoint_url: str | None = Field(
        default=None,
        description="S3-compatible storage for pictures (Cloudflare R2: `https://ACCOUNT.r2.cloudflarestorage.com`), "
        "set with the four below. Without it the dashboard serves a folder below HOME, on one machine only.",
    )
    s3_bucket: str | None = Field(default=None, description="Its bucket.")
    s3_access_key_id: SecretStr | None = Field(default=None, description="A key that may read and write its objects.")
    s3_secret_access_key: SecretStr | None = Field(default=None, description="The secret of that key.")
    s3_public_url: str | None = Field(
        default=None, description="Where everybody can fetch the bucket's files; platforms fetch pictures from here."
    )

    smtp_url: SecretStr | None = Field(
        default=None,
        description="Mail server: `smtp://user:password@host:587` (STARTTLS) or `smtps://user:password@host:465`. "
        "Where the sandbox stands for the outside world its own is used. Without one nobody can sign up.",
    )
    email_from: str | None = Field(
        default=None,
        description="Whom mails come from, as `PostAgentPro <hello@example.com>`: an address that the server may use.",
    )

    google_auth_url: str = ""
    google_token_url: str = ""
    google_posts_url: str = ""
    google_accounts_url: str = ""
    google_locations_url: str = ""
    google_performance_url: str = ""
    facebook_graph_url: str = ""
    facebook_dialog_url: str = ""
    instagram_graph_url: str = ""
    instagram_auth_url: str = ""
    instagram_token_url: str = ""
    pexels_url: str = ""
    unsplash_url: str = ""
    openai_base_url: str = ""
    graph_api_version: str = Field(default="v26.0", pattern=r"^v\d+\.\d+$")

    publish_window_seconds: float = Field(
        default=300, ge=0, description="How long a publishing run watches. 0 = publish what is due now, settle, end."
    )
    publish_concurrency: int = Field(default=50, ge=1, le=1000, description="Platform calls at once per worker.")
    publish_lease_seconds: float = Field(default=60, gt=0, description="A worker silent for so long counts as dead.")
    publish_timeout_seconds: float = Field(default=30, gt=0, description="Longest single call to a platform.")
    reconcile_settle_seconds: float = Field(
        default=45, ge=0, description="Time between the two looks that prove absence."
    )
    missed_after_hours: float = Field(default=24, gt=0, description="Later than this a post is failed as missed.")
    prepare_ahead_seconds: float = Field(default=600, ge=0, description="How early posts are prepared unseen.")
    facebook_publish_mode: Literal["prepared", "direct"] = "prepared"
    google_requests_per_minute: int = Field(
        default=300,
        ge=0,
        description="Calls a minute that Google allows the Cloud project, shared by all workers. 0 = not counted.",
    )
    instagram_hashtag_cap: int = Field(default=5, ge=0, le=30, description="Hashtags allowed in one Instagram post.")

    @field_validator("database_url")
    @classmethod
    def _postgres_only(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            scheme = value.get_secret_value().split(":", 1)[0]
            if scheme not in ("postgresql", "postgres"):
                raise ValueError(f"starts with {scheme!r}; write postgresql://user:password@host:5432/database")
            try:
                _ = urlsplit(value.get_secret_value()).port
            except ValueError:  # its text may hold a part of the password
                raise ValueError(
                    "cannot be read; write postgresql://user:password@host:5432/database, with @ : / [ ] # of a "
                    "password as %40 %3A %2F %5B %5D %23"
                ) from None
        return value

    @field_validator("smtp_url")
    @classmethod
    def _mail_server(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None or not value.get_secret_value():
            return None
        try:
            parts = urlsplit(value.get_secret_value())
            fits = parts.scheme in ("smtp", "smtps") and bool(parts.hostname) and parts.port != 0
        except ValueError:  # its text may hold a part of the password
            fits = False
        if not fits:
            raise ValueError(
                "cannot be read; write smtp://user:password@host:587 or smtps://user:password@host:465, with @ : / of "
                "a password as %40 %3A %2F"
            )
        return value

    @field_validator("email_from")
    @classmethod
    def _sender(cls, value: str | None) -> str | None:
        if value and not re.fullmatch(r"([^<>\r\n@]*<)?[^\s<>@,]+@[^\s<>@,]+\.[^\s<>@,]+>?", value, re.ASCII):
            raise ValueError(f"{value!r} is not a sender; write PostAgentPro <hello@example.com>")
        return value or None

    @field_validator("ai_prices")
    @classmethod
    def _readable_prices(cls, value: str | None) -> str | None:
        own_prices(value)
        return value

    @field_validator("public_url", "sandbox_url", "s3_endpoint_url", "s3_public_url", *SERVICES)
    @classmethod
    def _web_address(cls, value: str | None) -> str | None:
        if not value:
            return value
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{value!r} is not a web address; write something like https://example.com")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _fill_in(self) -> Self:
        for name, (path, real) in SERVICES.items():
            if not getattr(self, name):
                setattr(self, name, f"{self.sandbox_url}{path}" if self.sandbox_url else real)
        if "public_url" not in self.model_fields_set:
            self.public_url = f"http://localhost:{self.dashboard_port}"
        if self.smtp_url is None and self.sandbox_url:
            self.smtp_url = SecretStr(f"smtp://{urlsplit(self.sandbox_url).hostname}:{self.sandbox_smtp_port}")
            self.email_from = self.email_from or SANDBOX_SENDER
        if self.smtp_url is not None and self.email_from is None:
            raise ValueError("EMAIL_FROM is missing; write whom mails come from: PostAgentPro <hello@example.com>")
        given = {name: getattr(self, name) for name in S3}
        if any(given.values()) and (missing := [name for name, value in given.items() if not value]):
            raise ValueError(f"{missing[0].upper()} is missing; set all of {', '.join(S3).upper()}, or none")
        if self.publish_timeout_seconds >= self.publish_lease_seconds:
            raise ValueError(
                f"PUBLISH_TIMEOUT_SECONDS={self.publish_timeout_seconds:g} must be below "
                f"PUBLISH_LEASE_SECONDS={self.publish_lease_seconds:g}, else a live call outlasts its lease"
            )
        return self

    @property
    def uses_sandbox(self) -> bool:
        """Whether any outside address points into the sandbox; only for telling people, never for a branch."""
        return bool(self.sandbox_url) and any(getattr(self, name).startswith(self.sandbox_url) for name in SERVICES)

    @property
    def mails_shown_at(self) -> str | None:
        """The page of the sandbox that shows our mails, where they go there; only for telling people."""
        if self.smtp_url is None or not self.sandbox_url:
            return None
        ours = urlsplit(self.smtp_url.get_secret_value()).hostname == urlsplit(self.sandbox_url).hostname
        return f"{self.sandbox_url}/mails" if ours else None


def _unknown_names(env_file: Path) -> list[tuple[str, str]]:
    known = {PREFIX + name.upper() for name in Settings.model_fields} | PASSED_ON
    places = [("environment", name) for name in os.environ if name.startswith(PREFIX)]
    if env_file.is_file():
        places += [(str(env_file), name) for name in dotenv_values(env_file) if name.upper().startswith(PREFIX)]
    return [(place, name) for place, name in places if name.upper() not in known]


def load_settings(env_file: Path | None = None, **overrides: Any) -> Settings:
    """Read and check the settings.

    Raises SettingsError with one line that names the first wrong or unknown setting and what to write instead.
    """
    env_file = env_file or Path(".env")
    for place, name in _unknown_names(env_file):
        close = difflib.get_close_matches(name.upper(), [PREFIX + f.upper() for f in Settings.model_fields], n=1)
        hint = f"did you mean {close[0]}?" if close else "docs/settings.md lists the known ones; remove it"
        raise SettingsError(f"Unknown setting {name} in {place}: {hint}")
    try:
        return Settings(_env_file=env_file, **overrides)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        name = PREFIX + str(first["loc"][0]).upper() if first["loc"] else "Settings"
        message = first["msg"].removeprefix("Value error, ")
        shown = ""
        field = Settings.model_fields.get(str(first["loc"][0])) if first["loc"] else None
        if field is not None and "SecretStr" not in str(field.annotation):
            value = os.environ.get(name, dotenv_values(env_file).get(name) if env_file.is_file() else None)
            shown = f"={value}" if value is not None and value not in message else ""
        raise SettingsError(f"{name}{shown}: {message}") from None


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process, read once."""
    return load_settings()
