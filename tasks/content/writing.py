"""Write one week: one call for all posts, the gates, two more for what they refused, then the evergreen bank.

The first call may have been made earlier, by a batch: then its answer is judged like any other.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import product
from typing import Any, Protocol, TypeVar

from models.business_facts import gate_context
from models.evergreen import EvergreenPost, evergreen
from models.gates import LIMITS, Draft, GateContext, Verdict, objection
from models.gates.near_duplicate import near_duplicate
from models.gates.platform_limits import count_hashtags
from platforms.errors import Refused, TryLater
from platforms.openai_forms import Draft as Answer
from platforms.openai_forms import DraftPost, Usage
from tasks.content.arrived import Arrived
from tasks.content.ledger import BudgetSpent
from tasks.content.plan import OwnerFacts, PlannedPost, WeekPlan
from tasks.content.prompt import INSTRUCTIONS, PROMPT_VERSION, request

REPAIRS = 2  # how often a refused post is asked for again, with the reason
MOST_SLOTS_PER_CALL = 30  # more than that and the answer takes longer than a call may
T = TypeVar("T")
_TEXT_KEPT = 300
_LAST_POSTS = 60  # of ours, that even the last resort may not repeat


class WeekWriter(Protocol):
    """What we need of a writer (`platforms.openai_writer.Writer`)."""

    async def write_week(self, instructions: str, request: Mapping[str, Any], model: str, cache_key: str) -> Answer:
        """The posts for a request. Raises a PlatformError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """Which model writes, which one is asked when it fails, how many hashtags Instagram gets, and over how many keys of
    the provider's prompt cache owners are spread."""

    model: str
    fallback_model: str | None = None
    hashtag_cap: int = 5
    cache_keys: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenPost:
    """A text that passed the gates. `model` None = it comes from the evergreen bank; `why` says for what reason."""

    planned: PlannedPost
    theme: str
    text: str
    hashtags: tuple[str, ...]
    picture_query: str
    model: str | None
    why: str = ""


@dataclass(slots=True)
class WrittenWeek:
    """All that writing a week gave and used."""

    posts: list[WrittenPost] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)  # slots that stay empty, with the reason
    refusals: list[dict[str, str]] = field(default_factory=list)
    calls: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    late: TryLater | None = None  # the writer is down; slots without a post are for the next try

    @property
    def fell_back(self) -> int:
        """How many posts come from the evergreen bank."""
        return sum(post.model is None for post in self.posts)


@dataclass(frozen=True, slots=True)
class _Rejected:
    """A post that is still to be written, and what was wrong with the last try."""

    planned: PlannedPost
    text: str
    reason: str


async def write_week(
    writer: WeekWriter,
    models: Models,
    owner: OwnerFacts,
    week: WeekPlan,
    *,
    today: date,
    last_chance: bool,
    arrived: Arrived | None = None,
) -> WrittenWeek:
    """The week's posts, each past every gate; what fell back says so.

    `arrived` holds posts that a batch has written already; only what is missing or refused of them is asked for.
    When the owner's budget is spent the evergreen bank fills the rest. When the writer is down its posts are left out
    and `late` is set; on the last chance the evergreen bank fills them.
    Raises OperatorNeeded when our key, money or model name is wrong. Nothing is written to the database here.
    """
    work = _Work(writer, models, owner, week, today)
    wanted = work.missing(arrived) if arrived else [_Rejected(post, "", "") for post in week.posts]
    for part in evenly(wanted, MOST_SLOTS_PER_CALL):
        await work.write(part, last_chance=last_chance)
    return work.done


class _Work:
    """One week in the making."""

    def __init__(self, writer: WeekWriter, models: Models, owner: OwnerFacts, week: WeekPlan, today: date) -> None:
        self._writer = writer
        self._models = models
        self._owner = owner
        self._week = week
        self._today = today
        self._context = gate_context(
            owner.business,
            facts=owner.knowledge.facts,
            reviews=owner.knowledge.reviews,
            avoid_keywords=owner.avoid_keywords,
            hashtag_cap=models.hashtag_cap,
            own_texts=owner.recent_texts,
            neighbours_texts=owner.knowledge.neighbours_texts,
        )
        self.done = WrittenWeek()

    def missing(self, arrived: Arrived) -> list[_Rejected]:
        """Take what a batch wrote past the gates; returns what is still to be written."""
        for used in arrived.usages:
            self._count(used)
        left: list[_Rejected] = []
        for planned in self._week.posts:
            asked = arrived.posts.get((planned.account_id, planned.slot.local))
            if asked is None:
                left.append(_Rejected(planned, "", ""))
                continue
            # The review that it was written from, not the one that the plan would give it today; None when it is gone,
            # and then no gate lets it be quoted.
            review = next((one for one in self._owner.knowledge.reviews if one.id == asked.review_id), None)
            rejected = self._judge(replace(planned, theme=asked.theme, review=review), asked.draft, arrived.model)
            left += [rejected] if rejected is not None else []
        return left

    async def write(self, wanted: Sequence[_Rejected], *, last_chance: bool) -> None:
        """Write these posts: first call, two repairs, the second model if there is one, the evergreen bank."""
        left = list(wanted)
        late: TryLater | None = None
        given_up: set[str] = set()
        why = "the writer had nothing that may go out"
        for model in (*[self._models.model] * (1 + REPAIRS), self._models.fallback_model):
            if not left or model is None or model in given_up:
                continue
            try:
                left = await self._attempt(model, left)
            except BudgetSpent as spent:
                self._note("", "budget", str(spent))
                late, why = None, str(spent)
                break
            except (Refused, TryLater) as error:
                given_up.add(model)
                self._note("", "writer", error.message)
                if isinstance(error, TryLater):
                    late = error
                    if error.code == "length" and len(left) > 1:
                        return await self._halves(left, last_chance=last_chance)
        if left and late is not None and not last_chance:
            self.done.late = late
            return
        for rejected in left:
            self._fall_back(rejected, why)

    async def _halves(self, wanted: Sequence[_Rejected], *, last_chance: bool) -> None:
        """The answer was too long for the model: ask for less at once."""
        middle = len(wanted) // 2
        for part in (wanted[:middle], wanted[middle:]):
            await self.write(part, last_chance=last_chance)

    async def _attempt(self, model: str, wanted: Sequence[_Rejected]) -> list[_Rejected]:
        """One call; returns what is still missing."""
        answer = await self._writer.write_week(
            INSTRUCTIONS,
            request(
                self._owner,
                self._week.week_start,
                [entry.planned for entry in wanted],
                recent=self._texts(),
                today=self._today,
                rejected=[
                    {"slot": entry.planned.key, "text": entry.text, "reason": entry.reason}
                    for entry in wanted
                    if entry.reason
                ],
            ),
            model,
            f"{PROMPT_VERSION}-{self._owner.user_id.int % self._models.cache_keys}",
        )
        self._count(answer.usage)
        if answer.failure is not None:
            raise answer.failure
        given: dict[str, DraftPost] = {}
        for draft in answer.posts:
            given.setdefault(draft.slot, draft)
        return [
            rejected
            for entry in wanted
            if (rejected := self._judge(entry.planned, given.get(entry.planned.key), answer.model)) is not None
        ]

    def _count(self, used: Usage) -> None:
        self.done.calls += 1
        self.done.input_tokens += used.input_tokens
        self.done.cached_tokens += used.cached_tokens
        self.done.output_tokens += used.output_tokens

    def _judge(self, planned: PlannedPost, draft: DraftPost | None, model: str) -> _Rejected | None:
        """Take a draft past the gates into the week, or say what is wrong with it."""
        if draft is None:
            self._note(planned.key, "writer", "no post came for this slot")
            return _Rejected(planned, "", "no post came for this slot")
        text = clean(draft.text)
        hashtags = clean_hashtags(draft.hashtags, text, planned.platform, self._models.hashtag_cap)
        draft_post = Draft(platform=planned.platform, text=text, hashtags=hashtags)
        verdict = self._objection(draft_post, planned.theme)
        if verdict is not None:
            self._note(planned.key, verdict.gate, verdict.reason, text)
            return _Rejected(planned, text, verdict.reason)
        self.done.posts.append(
            WrittenPost(
                planned=planned,
                theme=planned.theme,
                text=text,
                hashtags=hashtags,
                picture_query=clean(draft.picture_query)[:100],
                model=model,
            )
        )
        return None

    def _fall_back(self, rejected: _Rejected, why: str) -> None:
        """The first evergreen post that passes the gates; without one the slot stays empty and says so.

        The bank is everybody's: what is left of it when the town's other businesses have posted from it may be nothing.
        Then it is held against this business's last posts only, because an empty week is worse.
        """
        planned = rejected.planned
        candidates = list(
            evergreen(
                self._owner.business,
                theme=planned.theme,
                platform=planned.platform,
                day=planned.slot.day,
                used=self._texts(),
                seed=f"{planned.account_id} {planned.slot.local}",
            )
        )
        said: dict[bool, set[str]] = {False: set(), True: set()}  # another ending makes nothing new of what was said
        for last_resort, candidate in product((False, True), candidates):
            if candidate.core in said[last_resort] or (last_resort and candidate.core not in said[False]):
                continue
            verdict = self._objection(self._draft(planned, candidate), candidate.theme, last_resort=last_resort)
            if verdict is None:
                return self._take(planned, candidate, why)
            if verdict.gate == "near_duplicate":
                said[last_resort].add(candidate.core)
        self.done.skipped.append(f"{planned.key}: no text passes the gates ({rejected.reason or 'the writer is down'})")

    def _draft(self, planned: PlannedPost, candidate: EvergreenPost) -> Draft:
        hashtags = clean_hashtags(candidate.hashtags, candidate.text, planned.platform, self._models.hashtag_cap)
        return Draft(platform=planned.platform, text=candidate.text, hashtags=hashtags)

    def _take(self, planned: PlannedPost, candidate: EvergreenPost, why: str) -> None:
        self.done.posts.append(
            WrittenPost(
                planned=planned,
                theme=candidate.theme,
                text=candidate.text,
                hashtags=self._draft(planned, candidate).hashtags,
                picture_query=candidate.picture_query,
                model=None,
                why=why,
            )
        )

    def _objection(self, draft: Draft, theme: str, *, last_resort: bool = False) -> Verdict | None:
        """What the gates have against a text about this theme; `last_resort` holds it against our last posts only.

        The week's own posts are few and change with every one that is taken: they are compared by themselves, so that
        what the gates know of all the others is made ready once a week.
        """
        context = replace(self._context, theme=theme)
        if last_resort:
            context = replace(context, own_texts=context.own_texts[:_LAST_POSTS], neighbours_texts=())
        verdict = objection(draft, context)
        if verdict is not None:
            return verdict
        this_week = tuple(post.text for post in self.done.posts)
        repeated = near_duplicate(draft, GateContext(own_texts=this_week))
        return None if repeated.ok else repeated

    def _texts(self) -> list[str]:
        """What nothing may resemble: this week's first, then earlier ones, newest first."""
        return [*(post.text for post in self.done.posts), *self._owner.recent_texts]

    def _note(self, slot: str, gate: str, reason: str, text: str = "") -> None:
        self.done.refusals.append({"slot": slot, "gate": gate, "reason": reason, "text": text[:_TEXT_KEPT]})


def evenly(things: Sequence[T], most: int) -> list[Sequence[T]]:
    """As few parts of at most `most` as possible, equally large."""
    count = -(-len(things) // most)
    size = -(-len(things) // max(count, 1))
    return [things[start : start + size] for start in range(0, len(things), max(size, 1))]


def clean(text: str) -> str:
    """A model's text as a database and a platform can take it: no control characters, no broken Unicode, plain spaces
    at no line's end, at most one empty line in a row."""
    whole = text.encode("utf-8", "ignore").decode().replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(c for c in whole if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs"))
    lines = "\n".join(line.rstrip() for line in kept.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines).strip()


def clean_hashtags(tags: Sequence[str], text: str, platform: str, cap: int) -> tuple[str, ...]:
    """Hashtags without sign, spaces and copies; only where the platform has them, and only as many as the text leaves.

    Those beside the text are ours to shorten; a text that has too many of its own is for the gate to refuse.
    """
    if not LIMITS[platform].hashtags:
        return ()
    known = {word.casefold() for word in re.findall(r"#(\w+)", text)}
    distinct: list[str] = []
    for tag in (re.sub(r"\W", "", tag) for tag in tags):
        if any(character.isalpha() for character in tag) and tag.casefold() not in known:
            known.add(tag.casefold())
            distinct.append(tag)
    return tuple(distinct)[: max(cap - count_hashtags(text), 0)]
