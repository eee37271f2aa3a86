"""Misbehaviour on demand: rules that say which calls go wrong, how, and how often. They are not kept over a restart.

Operation names, by service:

    google     create read list update delete accounts locations metrics token revoke
    facebook   create (visible at once) prepare (unpublished post or photo) publish (is_published=true) update delete
               read list metrics page accounts token debug_token batch
    instagram  create (container) publish (media_publish) read (container or media) list limit metrics account delete
               token
    pexels     search read          unsplash   search read download          openai   complete models
               upload file create_batch list_batches read_batch
    mail       deliver (429 and 5xx are answered as 451, reject as 550; also latency and accept_then_*, drop_, hang_)

Kinds, and the fields that each reads beside `probability`, `times`, `after` and `seed`:

    latency              seconds (and seconds_max: random between the two), waited before the effect
    429                  retry_after; worded as the platform does it (Facebook and Instagram: HTTP 400, 80001/80002)
    5xx                  status (default 500); nothing was done
    accept_then_500      status; done, yet answered as failed (any accept_then_* with `hidden`: not shown for so many
                         seconds either)
    accept_then_hang     seconds (default 60); done, then silence, then the connection is closed
    accept_then_drop     done, then the connection is closed without an answer
    accept_then_malformed  done, then a proxy's page instead of the answer
    drop_before, hang_before  nothing done, connection closed (after seconds)
    delayed_visibility   seconds; done and readable by its id, but lists and the page do not show it before
    token_expired, token_revoked  refused as if the token were so
    error_code           code, subcode, status, is_transient
    malformed_json       nothing done, an answer cut short
    reject               taken, then refused while processing (Google: REJECTED; Instagram: container ERROR)
    poor_text            OpenAI: the writer misbehaves as `code` says (phone, price, chatter, placeholder, long, echo)
    refusal, truncated, bad_json  OpenAI: `refusal` is set; finish_reason length; content is not JSON
    batch_fails, batch_expires  OpenAI, create_batch: nothing of it is done; only its first half is

Faults of `complete` meet the requests of a batch too.
"""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass, field
from typing import Any

KINDS = frozenset((
    "latency", "429", "5xx", "accept_then_500", "accept_then_hang", "accept_then_drop", "accept_then_malformed",
    "drop_before", "hang_before", "delayed_visibility", "token_expired", "token_revoked", "error_code",
    "malformed_json", "reject", "poor_text", "refusal", "truncated", "bad_json", "batch_fails", "batch_expires",
))  # fmt: skip
SERVICES = frozenset(("google", "facebook", "instagram", "pexels", "unsplash", "openai", "mail", "*"))
ALIASES = {"500": ("5xx", 500), "502": ("5xx", 502), "503": ("5xx", 503), "504": ("5xx", 504)}


@dataclass(slots=True)
class Trouble:
    """One rule. `times` None = as often as it matches; `after` = how many matching calls are left alone first."""

    service: str
    kind: str
    operation: str = "*"
    account: str | None = None
    probability: float = 1.0
    seconds: float = 0.0
    seconds_max: float | None = None
    times: int | None = None
    after: int = 0
    seed: int | None = None
    status: int | None = None
    code: int | str | None = None
    subcode: int | None = None
    is_transient: bool = False
    retry_after: float | None = None
    hidden: float = 0.0
    matched: int = 0
    fired: int = 0
    dice: random.Random = field(default_factory=random.Random, repr=False)

    def matches(self, service: str, operation: str, account: str | None) -> bool:
        """Whether the rule is about such a call."""
        return (
            self.service in ("*", service)
            and self.operation in ("*", operation)
            and self.account in (None, account)
            and (self.times is None or self.fired < self.times)
        )

    def fires(self) -> bool:
        """Throw the dice for a call that matches."""
        self.matched += 1
        if self.matched <= self.after or (self.probability < 1.0 and self.dice.random() >= self.probability):
            return False
        self.fired += 1
        return True

    def shown(self) -> dict[str, Any]:
        """The rule as JSON, defaults left out."""
        told = {name: value for name, value in asdict(self).items() if name != "dice"}
        return {
            name: value
            for name, value in told.items()
            if name in ("service", "operation", "kind", "probability", "fired") or value not in (None, 0, 0.0, False)
        }


class Faults:
    """The rules in force, in the order in which they were set: the first that fires decides; latencies add up."""

    def __init__(self) -> None:
        self.rules: list[Trouble] = []

    def add(self, rules: list[dict[str, Any]]) -> list[Trouble]:
        """Set further rules. Raises ValueError naming what is wrong; then none of them is set."""
        made = [_rule(rule) for rule in rules]
        self.rules += made
        return made

    def clear(self) -> None:
        """Behave again."""
        self.rules = []

    def decide(self, service: str, operation: str, account: str | None) -> tuple[Trouble | None, float]:
        """(the rule that this call falls under, seconds of latency)."""
        latency = 0.0
        for rule in self.rules:
            if not rule.matches(service, operation, account) or not rule.fires():
                continue
            if rule.kind != "latency":
                return rule, latency
            latency += rule.seconds if rule.seconds_max is None else rule.dice.uniform(rule.seconds, rule.seconds_max)
        return None, latency


def _rule(given: dict[str, Any]) -> Trouble:
    if not isinstance(given, dict):
        raise ValueError(f"a rule is a JSON object, not {given!r}")
    given = dict(given)
    kind = str(given.get("kind", ""))
    if kind in ALIASES:
        given["kind"], status = ALIASES[kind]
        given.setdefault("status", status)
    elif kind not in KINDS:
        raise ValueError(f"unknown kind {kind!r}; known are {', '.join(sorted(KINDS))}")
    service = given.setdefault("service", "*")
    if service not in SERVICES:
        raise ValueError(f"unknown service {service!r}; known are {', '.join(sorted(SERVICES))}")
    known = set(Trouble.__slots__) - {"dice", "matched", "fired"}
    if unknown := sorted(set(given) - known):
        raise ValueError(f"unknown field {unknown[0]!r}; known are {', '.join(sorted(known))}")
    if not isinstance(given.get("probability", 1.0), int | float) or not 0 <= given.get("probability", 1.0) <= 1:
        raise ValueError(f"probability is {given['probability']!r}; write a number from 0 to 1")
    if given["kind"] in ("accept_then_hang", "hang_before"):
        given.setdefault("seconds", 60.0)
    rule = Trouble(**given)
    rule.dice = random.Random(rule.seed)
    return rule
