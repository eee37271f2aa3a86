"""Secrets come from standard input or a prompt without echo, never from the command line, where others see them."""

from __future__ import annotations

import getpass
import sys

from pydantic import SecretStr

from ops.errors import OpsError


def new_password(*, from_stdin: bool) -> SecretStr:
    """A new password: one line of standard input, or asked for twice. Raises OpsError when there is none."""
    if from_stdin or not sys.stdin.isatty():
        password = sys.stdin.readline().rstrip("\r\n")
        if not password:
            raise OpsError("No password: give it as one line on standard input (--password-stdin)")
        return SecretStr(password)
    password = getpass.getpass("Password: ")
    if password != getpass.getpass("Again: "):
        raise OpsError("The two passwords differ; nothing was done")
    return SecretStr(password)


def tokens(*, with_refresh: bool) -> tuple[SecretStr, SecretStr | None]:
    """Access token and, on a second line, refresh token. Raises OpsError when one is missing or no token."""
    access = _token("access token")
    return access, _token("refresh token") if with_refresh else None


def _token(what: str) -> SecretStr:
    typed = getpass.getpass(f"{what.capitalize()}: ") if sys.stdin.isatty() else sys.stdin.readline()
    token = typed.strip()
    if not token:
        raise OpsError(f"No {what}: give it as a line on standard input")
    if any(character.isspace() for character in token):
        raise OpsError(f"The {what} has blanks inside: give the token alone on its line")
    return SecretStr(token)
