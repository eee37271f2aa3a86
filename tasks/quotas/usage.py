"""What Meta's usage headers ask for: a pause, written where every worker sees it before it takes the next post."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping

from models.quota_rules import slow_down, slowed_words
from platforms.graph_errors import Usage
from tasks.quotas.rows import DATABASE_ERRORS, Rows

logger = logging.getLogger(__name__)

WRITE_EVERY = 5.0  # seconds; every answer has the headers, and one write says it all
APPS: Mapping[str, str] = {"app": "facebook", "instagram_app": "instagram"}
NOBODY = "page"  # usage of a Page, from a call that was made for no account


class UsageRecorder:
    """Called after every answer; costs nothing as long as no budget is nearly used."""

    def __init__(self, rows: Rows) -> None:
        """`rows` reaches the database."""
        self._rows = rows
        self._told: dict[str, tuple[float, float]] = {}  # scope -> when it was written, and until when it waits
        self._writing: set[asyncio.Task[None]] = set()

    def __call__(self, usage: Usage) -> None:
        """Write a pause in the background, if one is asked for and not written a moment ago."""
        seconds = slow_down(usage.percent, usage.regain_seconds)
        if not seconds or usage.scope == NOBODY:
            return
        now = time.monotonic()
        written, until = self._told.get(usage.scope, (float("-inf"), float("-inf")))
        if now < written + WRITE_EVERY and now + seconds < until + WRITE_EVERY:
            return
        self._told[usage.scope] = (now, now + seconds)
        self._writing.add(task := asyncio.get_running_loop().create_task(self._write(usage, seconds)))
        task.add_done_callback(self._writing.discard)

    async def _write(self, usage: Usage, seconds: float) -> None:
        try:
            if usage.scope in APPS:
                platform = APPS[usage.scope]
                await self._rows("slow_platform", platform=platform, seconds=seconds)
                logger.warning(
                    "%s: %.0f %% of our app's budget is used; pause of %.0f s", platform, usage.percent, seconds
                )
            else:
                await self._rows(
                    "slow_accounts",
                    platform_account_id=usage.scope,
                    seconds=seconds,
                    facebook_reason=slowed_words("facebook"),
                    instagram_reason=slowed_words("instagram"),
                )
        except DATABASE_ERRORS as error:
            self._told.pop(usage.scope, None)  # the next answer says it again
            logger.warning("a pause for %s could not be written (%s)", usage.scope, type(error).__name__)

    async def close(self) -> None:
        """Wait for what is being written."""
        if self._writing:
            await asyncio.wait(self._writing)
