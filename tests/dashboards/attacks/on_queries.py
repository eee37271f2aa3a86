"""Every query of ours, whoever it was written for, asked for another tenant's things."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg

from models.base import utc_now
from models.queries import all_queries, query
from tests.dashboards.attacks.catalogue import Connection
from tests.dashboards.attacks.on_tables import Attacker, Refused

_PARAMETER = re.compile(r"%\((\w+)\)s")
_LONG_AGO = ("since", "first", "after", "read_at", "start")


def parameters_of(owner: Connection, name: str) -> dict[str, str]:
    """A query's parameters and the types that PostgreSQL takes them for."""
    order = list(dict.fromkeys(_PARAMETER.findall(query(name))))
    text = _PARAMETER.sub(lambda match: f"${order.index(match[1]) + 1}", query(name)).replace("%%", "%")
    owner.execute(f"PREPARE asked AS {text}".encode())
    row = owner.execute("SELECT parameter_types::text[] FROM pg_prepared_statements WHERE name = 'asked'").fetchone()
    owner.execute("DEALLOCATE asked")
    assert row is not None
    return dict(zip(order, row[0], strict=True))


def answers(owner: Connection, attacker: Attacker) -> Iterator[tuple[str, UUID, str, set[str]]]:
    """Of each query that the role may run at all, and each id of the victim's: the name, the id, what is shown, and the
    values that were given. Nothing of it stays."""
    ids = sorted({UUID(mark) for mark in attacker.victim.marks if mark != attacker.victim.mark})
    for name in all_queries():
        kinds = parameters_of(owner, name)
        for id_ in ids:
            values = {parameter: _value(parameter, kind, id_) for parameter, kind in kinds.items()}
            try:
                with attacker.connection.transaction(force_rollback=True):
                    answer = attacker.connection.execute(query(name).encode(), values)
                    shown = str(answer.fetchall() if answer.description else answer.rowcount)
            except Refused:
                break
            except psycopg.Error as error:
                shown = str(error)
            yield name, id_, shown, {str(value) for value in values.values()}
            if not any(kind.startswith(("uuid", "text")) for kind in kinds.values()):
                break


def _value(parameter: str, kind: str, id_: UUID) -> Any:
    moment = utc_now() - timedelta(days=20 * 365) if parameter.startswith(_LONG_AGO) else utc_now()
    known: dict[str, Any] = {
        "uuid": id_,
        "text": str(id_),
        "timestamp with time zone": moment,
        "date": moment.date(),
        "boolean": True,
        "jsonb": "{}",
        "json": "{}",
        "interval": timedelta(days=1),
    }
    if kind.endswith("[]"):
        return [_value(parameter, kind.removesuffix("[]"), id_)]
    return "UTC" if parameter == "zone" else known.get(kind, 100)
