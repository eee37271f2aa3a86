"""Tells running publishing windows, on any machine, to stop taking posts and end."""

from __future__ import annotations

import psycopg

CHANNEL = "postagent_control"
DUE_CHANNEL = "postagent_due"
DRAIN = "drain"


def request_drain(url: str) -> None:
    """Ask every publishing window that listens on this database to finish its calls under way and end."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, DRAIN))
