"""What was asked of the sandbox: counts per service and operation, and the last requests."""

from __future__ import annotations

from collections import deque
from typing import Any, NamedTuple


class Record(NamedTuple):
    """One request. `status` 0 = the connection was lost instead of an answer."""

    at: float
    service: str
    operation: str
    account: str | None
    method: str
    path: str
    status: int
    fault: str


class CallLog:
    """Counts since the last reset; the last 5,000 requests one by one. Never holds tokens or bodies."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Start counting anew."""
        self._counts: dict[tuple[str, str, int, str], int] = {}
        self._last: deque[Record] = deque(maxlen=5_000)

    def add(
        self, at: float, service: str, operation: str, account: str | None, method: str, path: str, status: int,
        fault: str,
    ) -> None:  # fmt: skip
        """Count a request."""
        self._last.append(Record(at, service, operation, account, method, path, status, fault))
        key = (service, operation, status, fault)
        self._counts[key] = self._counts.get(key, 0) + 1

    def summary(self) -> dict[str, dict[str, dict[str, Any]]]:
        """{service: {operation: {requests, statuses: {status: n}, faults: {kind: n}}}}."""
        told: dict[str, dict[str, dict[str, Any]]] = {}
        for (service, operation, status, fault), count in self._counts.items():
            entry = told.setdefault(service, {}).setdefault(operation, {"requests": 0, "statuses": {}, "faults": {}})
            entry["requests"] += count
            entry["statuses"][str(status)] = entry["statuses"].get(str(status), 0) + count
            if fault:
                entry["faults"][fault] = entry["faults"].get(fault, 0) + count
        return told

    def last(self, limit: int, service: str | None = None, operation: str | None = None) -> list[dict[str, Any]]:
        """The newest requests, newest first."""
        found: list[dict[str, Any]] = []
        for record in reversed(self._last):
            if len(found) >= limit:
                break
            if service in (None, record.service) and operation in (None, record.operation):
                found.append(record._asdict())
        return found
