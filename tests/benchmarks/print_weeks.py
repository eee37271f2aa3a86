"""Prints a generated week for six trades as readable text, to be read by a person.

    python -m tests.benchmarks.print_weeks [TRADE ...]

The whole pipeline runs: plan, one call a week to the sandbox's writer, gates, repairs, the evergreen bank, pictures,
the queue and the ledger of an embedded PostgreSQL.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import textwrap
from typing import Any

import psycopg
from psycopg.rows import dict_row

from tests.benchmarks.bench_content import PLATFORMS, TOWNS, sandbox
from tests.benchmarks.house import environment, postgres
from tests.factories import make_account, make_owner, next_monday

SIX = ("plumber", "roofer", "bakery", "dentist", "landscaper", "auto_repair")


def told(business: str, posts: list[dict[str, Any]]) -> str:
    """A business's week as text."""
    lines = [f"=== {business} ==="]
    for post in posts:
        origin = "" if post["model"] else " (evergreen bank)"
        lines.append(f"\n--- {post['slot']} {post['platform']}, {post['theme']}{origin}")
        for paragraph in post["content"].split("\n"):
            lines += textwrap.wrap(paragraph, 100) or [""]
        if post["hashtags"]:
            lines.append(" ".join(f"#{tag}" for tag in post["hashtags"]))
        lines.append(f"[picture: {post['alt_text']}]" if post["media_url"] else "[no picture]")
    return "\n".join(lines)


async def main() -> None:
    """Write and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trades", nargs="*", default=SIX)
    trades = parser.parse_args().trades
    with postgres() as url, sandbox() as address:
        os.environ |= environment(url, address, OPENAI_API_KEY="print", PEXELS_API_KEY="print")
        from tasks.content.generation import write_missing_weeks
        from tasks.content.report import rows_of

        with psycopg.connect(url, autocommit=True) as db:
            for number, trade in enumerate(trades):
                town, state = TOWNS[number % len(TOWNS)]
                made = make_owner(
                    db, business_type=trade, business_name=f"{town} {trade.replace('_', ' ').title()}", city=town,
                    state=state, brand_voice="friendly" if number % 2 else "professional", description=None,
                    themes=("tip", "promotion", "seasonal", "fun_fact"),
                )  # fmt: skip
                for platform in PLATFORMS:
                    make_account(db, made, platform)
            report = await write_missing_weeks.fn(None, next_monday())
            posts = db.cursor(row_factory=dict_row).execute(
                "SELECT b.name AS business, p.*, e.details ->> 'model' AS model FROM post_queue p "
                "JOIN businesses b ON b.user_id = p.user_id "
                "JOIN post_events e ON e.post_id = p.id AND e.seq = 1 ORDER BY b.name, p.slot, p.platform"
            )
            weeks: dict[str, list[dict[str, Any]]] = {}
            for post in posts:
                weeks.setdefault(post["business"], []).append(post)
        print("\n\n".join(told(business, week) for business, week in weeks.items()))
        print(f"\n{report.summary}")
        for row in rows_of(report):
            print(f"  {row['business']}: {row['made']} posts, {row['cost']}, {row['notes'] or 'nothing to remark'}")


if __name__ == "__main__":
    asyncio.run(main())
