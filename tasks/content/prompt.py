"""What the writer is told. The constant instructions go first, so that the provider's prompt cache works.

Change PROMPT_VERSION with every change of the wording: it is kept with each generated week.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from models.gates import LIMITS
from models.public_holidays import holidays_between
from models.regions import region, typical_jobs, weather_words
from models.seasons import part_of_season
from models.themes import is_measured, why
from models.trades import trade_name
from tasks.content.plan import OwnerFacts, PlannedPost

PROMPT_VERSION = "2026-11-28"
MOST_RECENT_POSTS = 20
_RECENT_CHARACTERS = 160
_HOLIDAYS_SEEN = timedelta(days=9)  # from Monday: the week, and what its last posts can look forward to
# Shorter than the platforms' limits: what people read. Instagram's leaves room for hashtags.
_ROOM = {"google": 1200, "facebook": 1500, "instagram": 1500}

INSTRUCTIONS = """\
You write social media posts for small local businesses in the United States. You are given one JSON document about \
one business and one week. Write one post for every entry in "slots" and for nothing else. Answer with the JSON \
document that the schema asks for; repeat each "slot" value exactly as it was given.

WHAT A GOOD POST IS
A neighbor who knows the trade would nod at it. It has one idea, told plainly, with a detail that shows knowledge of \
the craft: a place to look, a sound to listen for, a number of minutes, a simple order of steps. It is useful or \
pleasant even for somebody who never becomes a customer. It sounds like a person who works there, not like an \
advertisement. Short sentences. American English. The "brand_voice" of the business sets the tone.

WHAT IT IS ABOUT
Each slot has a "theme" and a "template". The template says what this post is to be about; follow it, in your own \
words. Themes: "tip" = something to know or do, usable today. "promotion" = a warm invitation to get in touch, \
without pressure. "seasonal" = what these weeks mean for the trade and the place. "fun_fact" = something true and \
surprising that is well established. "testimonial" = if the slot has a "review", a real customer wrote it: quote its \
"text" in quotation marks exactly as it stands, whole or one or more whole sentences of it, name its "author" only as \
given, and add nothing that it does not say; if the slot has no "review", kindly ask customers for an honest one, and \
never quote, describe or invent a customer. Use "season", "date" and "weekday" where they help; do not mention them \
for their own sake. "region" says what the weather of these weeks usually is there and what the trade is then \
typically asked for: let a seasonal post grow out of it, but never say what the weather is today or will be. \
"holidays" names the days that people know; a post on or just before one may greet it in passing. On days of mourning \
and remembrance (Memorial Day, Veterans Day, Martin Luther King Jr. Day, Juneteenth) invite nobody to buy anything. \
"what_worked" tells how earlier posts of this business did; write more in the way of what people liked, without a \
word about it.
The posts of a week know each other: no two of them may share an idea, an opening or a closing line, and none may \
repeat or closely resemble anything in "recent_posts". Posts for different platforms at the same time are different \
posts, not copies.

TRUTH
The only facts about the business are those in "business": its "facts" are the owner's own sentences, and one of them \
may carry a post, in other words but with the same meaning, never more. Never state or suggest anything else about \
it: no price, percentage, discount, offer or free service; no phone number, e-mail or street address; no opening \
hours; no year or number of years; no license, insurance, certificate, award, rating, guarantee or warranty; no \
"24/7", "same day", "number one" or "best in town"; no named employee, customer, brand or competitor; no service, \
product or dish that "business" does not name or that its trade does not obviously include. Do not promise results. \
Give no medical, legal or financial advice, and no instruction that could hurt somebody: work on mains electricity, \
gas, roofs and ladders is for professionals. General knowledge about the trade is welcome as long as it is certain.
Do not use any word or phrase of "avoid_keywords", in any form.

PLATFORMS
"google" (Google Business Profile): read by somebody who is searching nearby right now. Two to four sentences, 150 to \
400 characters, the town named once if it comes naturally, the most useful thing first. No hashtags, no phone number, \
no link, at most one emoji. End with a small step that the reader can take.
"facebook": read by neighbors and regulars. Conversational, 200 to 600 characters, in two or three short paragraphs. \
Often, not always, end with an honest question that people can answer in one line. No hashtags. Emojis only if the \
brand voice is casual or friendly, and few.
"instagram": read under a picture. The first line must stand alone and make somebody stop. 150 to 500 characters, \
with line breaks between thoughts. Give three to five hashtags in "hashtags", not in the text: specific to the trade, \
the topic and the town, without the # sign, without spaces.
For google and facebook "hashtags" is an empty list. Stay below "max_characters" of the slot, always.

PICTURES
"picture_query" is what to search a stock photo library for: two to four plain English words for a thing or a scene \
that fits the text, such as "kitchen sink faucet" or "autumn leaves gutter". No names of people, places or brands, no \
text in the picture.

HOW TO BEGIN AND END
Open each post of the week in another way: a small scene, a plain statement, a question that only this trade would \
ask, a sentence that contradicts what most people think, a sound or a smell, the weather outside. Close in another \
way too: a step to take, a thing to look at tonight, a line with a smile, a question. An invitation to call or write \
is fine in a third of the posts and too much in all of them. If the description of the business says what makes it \
special, let one post of the week grow out of that.

STYLE
Never begin with "Did you know", "Attention", "Looking for", "Is your" or the name of the business. No exclamation \
mark after exclamation mark, no capitals for emphasis, no "In today's fast-paced world", no "Look no further", no \
"Whether you're ... or ...", no lists of adjectives. No placeholders in brackets, no notes to the reader of the \
document, no mention of these instructions. Plain text only: no Markdown, no HTML.

REPAIR
If "rejected" is there, it holds posts that were not accepted, each with its "text" and "reason". Write new ones for \
exactly these slots that no longer have the fault. Do not explain.
"""


def request(
    facts: OwnerFacts,
    week_start: date,
    posts: Sequence[PlannedPost],
    *,
    recent: Sequence[str],
    today: date,
    rejected: Sequence[Mapping[str, str]] = (),
) -> dict[str, Any]:
    """The document about one business and week. `recent` are texts that nothing may resemble, newest first."""
    business, first = facts.business, max(today, week_start)
    where = region(business.location_state)
    document: dict[str, Any] = {
        "business": {
            "name": business.name,
            "type": business.type,
            "city": business.location_city or "",
            "state": business.location_state or "",
            "description": business.description or "",
            "website": business.website or "",
            "brand_voice": business.brand_voice,
            "facts": list(facts.knowledge.facts),
        },
        "avoid_keywords": list(facts.avoid_keywords),
        "today": today.isoformat(),
        "season": part_of_season(first, southern=where.southern),
        "region": {
            "weather": weather_words(where, first),
            "typical_jobs": typical_jobs(where, first, trade_name(business.type)),
        },
        "holidays": [
            {"date": holiday.day.isoformat(), "weekday": f"{holiday.day:%A}", "name": holiday.name}
            for holiday in holidays_between(business.location_state, week_start, week_start + _HOLIDAYS_SEEN)
        ],
        "what_worked": _what_worked(facts),
        "recent_posts": [text[:_RECENT_CHARACTERS] for text in recent[:MOST_RECENT_POSTS]],
        "slots": [
            {
                "slot": post.key,
                "platform": post.platform,
                "theme": post.theme,
                "weekday": f"{post.slot.day:%A}",
                "date": post.slot.day.isoformat(),
                "template": post.template,
                "max_characters": min(_ROOM[post.platform], LIMITS[post.platform].max_characters),
                **_review(post),
            }
            for post in posts
        ],
    }
    if rejected:
        document["rejected"] = [dict(entry) for entry in rejected]
    return document


def _review(post: PlannedPost) -> dict[str, Any]:
    """What a testimonial quotes."""
    if post.review is None:
        return {}
    return {"review": {"text": post.review.text, "author": post.review.author or ""}}


def _what_worked(facts: OwnerFacts) -> str:
    """How the themes did, on each platform where there are numbers enough to say so."""
    told = []
    for platform, results in sorted(facts.knowledge.results.items()):
        wanted = {theme: result for theme, result in results.items() if theme in facts.themes_enabled}
        if is_measured(wanted):
            told.append(f"{platform}: {why(wanted, facts.themes_enabled)}")
    return "; ".join(told)
