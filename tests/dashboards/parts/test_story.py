"""A post's story in its owner's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from dashboards.parts.story import drawn, told
from models.post_status import SKIPPED
from tests.dashboards.house import Seen

NOW = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)
ZONE = ZoneInfo("America/Chicago")
BOB = "bob@example.com"


@dataclass(kw_only=True)
class Line:
    """A row of `post_story`."""

    reason: str
    to_status: str = "pending"
    from_status: str | None = "pending"
    actor: str = BOB
    at: datetime = NOW
    details: Mapping[str, Any] = field(default_factory=dict)
    intact: bool = True


MOVED = {"scheduled_for": "2026-11-24T15:00:00+00:00"}


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (Line(reason="written", from_status=None, actor="generate-weekly-content"), "Written for you."),
        (Line(reason="demo post", from_status=None, actor="demo"), "It came into your queue."),
        (Line(reason="taken from the evergreen bank: the budget is used up"), "Taken from our ready-made posts"),
        (Line(reason="approved", to_status="approved"), "You approved it."),
        (Line(reason="approved", actor="ann@example.com"), "ann@example.com approved it."),
        (Line(reason="approved: publish now"), "You approved it and sent it at once."),
        (Line(reason="edited"), "You changed it."),
        (Line(reason="edited: the approval is void"), "so it needed a new approval"),
        (Line(reason="edited", details=MOVED), "You changed it."),
        (Line(reason="rescheduled", details=MOVED), "You moved it to Tue, Nov 24, 9:00 AM CST."),
        (Line(reason="new zone", actor="x", details=MOVED), "We moved it to Tue, Nov 24, 9:00 AM CST (new zone)."),
        (Line(reason="rejected: Wrong time", to_status="rejected"), "You said no: Wrong time."),
        (Line(reason="rejected: no reason", to_status="rejected"), "You said no: no reason given."),
        (Line(reason=SKIPPED, to_status="rejected"), "You skipped it. Its place stays empty."),
        (Line(reason="try later: busy", actor="worker"), "Facebook could not take it yet: busy."),
        (Line(reason="in doubt: timeout", actor="worker"), "Facebook did not answer clearly"),
        (Line(reason="sent", to_status="published", actor="worker"), "It went live on Facebook."),
        (Line(reason="The picture is too large", to_status="failed"), "It did not go out: The picture is too large."),
        (Line(reason="try again"), "You asked for another try."),
        (Line(reason="something new"), "Something new."),
        (Line(reason="approved", intact=False), "This entry was changed afterwards"),
    ],
)
def test_each_line_is_told_in_a_sentence(line: Line, sentence: str) -> None:
    assert sentence in told(line, email=BOB, platform="facebook", zone=ZONE, now=NOW)


@pytest.mark.parametrize("attack", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>'])
def test_no_reason_of_anybody_becomes_markup(attack: str) -> None:
    lines = [Line(reason=f"rejected: {attack}", actor=f"{attack}@"), Line(reason=attack, to_status="failed")]
    seen = Seen(drawn(lines, email=BOB, platform="facebook", zone=ZONE, now=NOW))
    assert set(seen.tags) <= {"ol", "li", "small", "span"}
    assert set(seen.attributes) == {"class"}
    assert seen.text.count(attack) == 3
