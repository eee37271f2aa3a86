"""What the command line says instead of a traceback."""

from __future__ import annotations


class OpsError(Exception):
    """A command cannot do what was asked; the message is one line that names the value and the mend."""


def expected(error: Exception) -> str | None:
    """The one line for an error that a person can mend; None for a fault of the program, which keeps its traceback."""
    import psycopg
    import sqlalchemy.exc

    from models.crypto import CryptoError
    from models.database import DatabaseError
    from models.settings import SettingsError

    if isinstance(error, OpsError | SettingsError | DatabaseError | CryptoError):
        return str(error)
    if isinstance(error, sqlalchemy.exc.OperationalError) and isinstance(error.orig, psycopg.OperationalError):
        error = error.orig
    if isinstance(error, psycopg.OperationalError):
        first = str(error).strip().splitlines()[0]
        return f"The database went away: {first}. See whether it runs (`postagent doctor`), then try again"
    return None
