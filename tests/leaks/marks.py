"""Every secret of a set-up as a marker of its own, so that each can be searched for."""

from __future__ import annotations

import secrets
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from typing import Any, get_args
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
import pytest
from pydantic import SecretStr

from models import database
from models.sealed_columns import sealed_tables
from models.settings import PREFIX, Settings, settings
from platforms.graph import appsecret_proof
from tests.s3_server import BUCKET, S3Server
from tests.sandbox_server import Server


def _mark() -> str:
    return f"MARK{secrets.token_hex(16)}"


class Marks:
    """The secrets by their names; more are added while they come to be."""

    def __init__(self) -> None:
        self.by_name: dict[str, str] = {}

    def made(self, name: str) -> str:
        """A new marker."""
        self.by_name[name] = _mark()
        return self.by_name[name]

    def set_settings(self, patch: pytest.MonkeyPatch, database_url: str, s3: S3Server) -> None:
        """Mark every secret of the settings, also those that a later version adds, and the database's password."""
        where = {"ENDPOINT_URL": s3.url, "BUCKET": BUCKET, "PUBLIC_URL": f"{s3.url}/{BUCKET}"}
        for name, value in where.items():
            patch.setenv(f"{PREFIX}S3_{name}", value)
        for name, field in Settings.model_fields.items():
            if SecretStr not in (field.annotation, *get_args(field.annotation)):
                continue
            value = self.made(name)
            if name == "encryption_keys":
                self.by_name[name] = b64encode(secrets.token_bytes(32)).decode()
                value = f"marked:{self.by_name[name]}"
            elif name == "database_url":
                value = _with_password(database_url, value)
            elif name == "smtp_url":
                value = f"smtp://postagent:{value}@127.0.0.1:9"  # the discard port: nobody takes a mail
                patch.setenv(f"{PREFIX}EMAIL_FROM", "PostAgentPro <hello@example.com>")
            patch.setenv(PREFIX + name.upper(), value)
        settings.cache_clear()
        database.close_engines()

    def add_tokens(self, sandbox: Server, owner: psycopg.Connection[Any]) -> None:
        """Every token that the sandbox ever made, what proves the app to Meta, and every envelope of the database."""
        meta = SecretStr(self.by_name["meta_app_secret"])
        for number, token in enumerate(sandbox.world.tokens.values()):
            self.by_name[f"{token.kind} token {number}"] = token.value
            self.by_name[f"proof of token {number}"] = appsecret_proof(meta, SecretStr(token.value))
        for table in sealed_tables():
            for column in table.columns:
                rows = owner.execute(
                    f"SELECT id, {column} FROM {table.name} WHERE {column} LIKE 'v1.%'".encode()
                ).fetchall()
                self.by_name |= {f"{column} of {row_id}": envelope.split(".")[2] for row_id, envelope in rows}

    def spellings(self) -> Iterator[tuple[str, bytes]]:
        """Each secret in every form in which it could be written."""
        for name, value in self.by_name.items():
            forms = {value, quote(value, safe=""), b64encode(value.encode()).decode().rstrip("=")}
            if name == "encryption_keys":
                key = b64decode(value)
                forms |= {urlsafe_b64encode(key).decode().rstrip("="), value.rstrip("="), key.hex(), repr(key)[2:-1]}
            for form in forms:
                yield name, form.encode()

    def found_in(self, places: Mapping[str, bytes]) -> list[str]:
        """`secret in place` for every secret that stands where it must not."""
        spellings = list(self.spellings())
        return sorted(
            {f"{name} in {place}" for place, text in places.items() for name, form in spellings if form in text}
        )


def _with_password(url: str, password: str) -> str:
    """The embedded server trusts who reaches its socket, whatever the password."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{parts.username or 'postgres'}:{password}@{host}"))
