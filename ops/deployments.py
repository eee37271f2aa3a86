"""Reads `prefect.yaml`, the one place that lists the deployments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from ops.errors import OpsError

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "prefect.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One entry: its name (also the flow's), the flow's file and function, and the longest time between two runs."""

    name: str
    module: str
    function: str
    period: timedelta

    @property
    def full_name(self) -> str:
        """The name that Prefect knows it by."""
        return f"{self.name}/{self.name}"


def deployments(file: Path = FILE) -> list[Deployment]:
    """All deployments. Raises OpsError when the file is not there (a wheel does not carry it)."""
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError:
        raise OpsError(f"{file} is not there: run this from a checkout of the repository") from None
    return [_read(entry) for entry in content["deployments"]]


def find(name: str) -> Deployment:
    """The deployment of that name. Raises OpsError naming the known ones."""
    known = deployments()
    for deployment in known:
        if deployment.name == name:
            return deployment
    raise OpsError(f"There is no flow {name!r}; the flows are {', '.join(d.name for d in known)}")


def _read(entry: Mapping[str, Any]) -> Deployment:
    file, function = entry["entrypoint"].split(":")
    return Deployment(
        name=entry["name"],
        module=file.removesuffix(".py").replace("/", "."),
        function=function,
        # A schedule with parameters of its own does a part of the work.
        period=min(period(schedule) for schedule in entry["schedules"] if not schedule.get("parameters")),
    )


def period(schedule: Mapping[str, Any]) -> timedelta:
    """Time between two runs of a schedule; for a cron line the longest it can be."""
    if "interval" in schedule:
        return timedelta(seconds=float(schedule["interval"]))
    minute, hour, day, month, weekday = schedule["cron"].split()
    if month != "*":
        return timedelta(days=366)
    if day != "*":
        return timedelta(days=31)
    if weekday != "*":
        return timedelta(days=7)
    if hour != "*":
        return timedelta(days=1)
    return timedelta(hours=1) if minute != "*" else timedelta(minutes=1)
