"""What one run of the harness is asked to do, and the small numbers that make minutes of real time pass in seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

PLATFORMS = ("google", "facebook", "instagram")

# Everything is shorter than in the product, in the same order: timeout < lease, delayed visibility < settle.
TIMEOUT = 1.0  # seconds, one call to a platform
LEASE = 3.0
SETTLE = 1.5
HIDDEN = 1.1  # the longest that a live post stays unseen
LATE = 1.15  # an answer that comes after the client gave up, its effect with it
PREPARE_AHEAD = 3.0

MAKES_VISIBLE = (("google", "create"), ("facebook", "create"), ("facebook", "publish"), ("instagram", "publish"))

# Named queries of the publisher; a worker dies before or after one of them.
QUERIES = (
    "claim_posts",
    "claim_preparations",
    "take_quota",
    "write_intents",
    "write_intent_in_quota",
    "remember_handle",
    "record_prepared",
    "record_prepare_failed",
    "record_published",
    "record_processing",
    "record_failed",
    "record_later",
    "record_in_doubt",
    "record_absent",
    "record_permalink",
    "renew_leases",
    "taken_ids",
    "seconds_until_next",
    "claim_discards",
    "forget_discard",
)
CALLS = ("prepare", "publish", "look", "follow", "discard")
BOUNDARIES = tuple(f"{side} {name}" for name in (*CALLS, *QUERIES) for side in ("before", "after"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One run. `seed` decides texts, times, faults and kills; the operating system decides the rest."""

    posts: int
    seed: int
    workers: int = 3
    seconds: float = 20.0  # over which posts fall due and everything goes wrong
    facebook_mode: str = "prepared"
    platforms: tuple[str, ...] = PLATFORMS
    tenants: int = 24
    concurrency: int = 20
    blind: bool = False  # what is in doubt is sent again without looking: must be found out
    rate: float = 1.0  # how often platforms misbehave, 1 = about every fifth call
    life: float = 2.5  # seconds that a worker lives on average
    kills: bool = True
    database_trouble: bool = True
    patience: float = 90.0  # seconds without a post being settled, once the trouble is over, after which it is given up


def platform_troubles(plan: Plan) -> list[dict[str, Any]]:
    """Every misbehaviour of the sandbox at once. The first rule that fires decides a call."""
    rules: list[dict[str, Any]] = [
        {"kind": "latency", "probability": 0.3, "seconds": 0.0, "seconds_max": 0.15},
        {"kind": "latency", "probability": 0.004, "seconds": LATE},
        {"kind": "token_expired", "probability": 0.004},
        {"kind": "429", "probability": 0.008, "retry_after": 1},
        {"kind": "malformed_json", "probability": 0.01},
        {"kind": "5xx", "probability": 0.02},
        {"kind": "5xx", "probability": 0.01, "status": 503},
        {"kind": "drop_before", "probability": 0.015},
        {"kind": "hang_before", "probability": 0.008},
        {"kind": "delayed_visibility", "probability": 0.05, "seconds": HIDDEN},
        {"kind": "error_code", "service": "google", "probability": 0.01, "code": "UNAVAILABLE", "status": 503},
        {"kind": "error_code", "service": "facebook", "probability": 0.01, "code": 2, "is_transient": True},
        {"kind": "error_code", "service": "instagram", "probability": 0.01, "code": 2, "is_transient": True},
    ]
    for service, operation in MAKES_VISIBLE:
        where = {"service": service, "operation": operation}
        for kind, probability in (
            ("accept_then_500", 0.06),
            ("accept_then_drop", 0.05),
            ("accept_then_malformed", 0.04),
            ("accept_then_hang", 0.02),
        ):
            rules.append({**where, "kind": kind, "probability": probability})
            rules.append({**where, "kind": kind, "probability": probability / 4, "hidden": HIDDEN})
    for number, rule in enumerate(rules):
        rule["probability"] = min(1.0, rule["probability"] * plan.rate)
        rule["seed"] = plan.seed * 1000 + number
    return rules
