"""Named queries from `sql/queries/*.sql`.

A query begins with `-- name: claim_due_posts` and comment lines that say what it does; parameters are psycopg's
`%(name)s`. A test prepares every one of them against the migrated schema.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

_HEADER = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


@cache
def all_queries() -> dict[str, str]:
    """Every named query. Raises ValueError when two files use one name."""
    found: dict[str, str] = {}
    for entry in sorted(files("sql").joinpath("queries").iterdir(), key=lambda e: e.name):
        if not entry.name.endswith(".sql"):
            continue
        parts = _HEADER.split(entry.read_text(encoding="utf-8"))
        for name, body in zip(parts[1::2], parts[2::2], strict=True):
            if name in found:
                raise ValueError(f"sql/queries: two queries are named {name}")
            found[name] = f"-- {name}\n{body.strip()}"
    return found


def query(name: str) -> str:
    """The text of one query. Raises KeyError naming it when there is none."""
    try:
        return all_queries()[name]
    except KeyError:
        raise KeyError(f"sql/queries holds no query named {name!r}") from None
