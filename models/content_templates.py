"""Prompt templates: which one a post is written from, and how its placeholders are filled.

The templates that ship with the code (one set a trade, `models.trades`) are rows of `content_templates` with ids made
from what they are, so that loading them again changes nothing, and a new release brings its new wording. Whoever wants
another wording adds a row of their own: it goes before the shipped ones of the same trade and theme. A shipped row is
switched off by `active = false`, which loading leaves alone.
"""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import cast
from uuid import NAMESPACE_URL, UUID, uuid5

from sqlalchemy import Table as SqlTable
from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from models.business import Business
from models.content import ContentTemplate
from models.seasons import part_of_season
from models.trades import GENERIC, trade, trade_name, trades

_SHIPPED = uuid5(NAMESPACE_URL, "postagentpro/content_templates")


class TemplateError(ValueError):
    """A template that cannot be filled; the message names the placeholder and those that exist."""


@dataclass(frozen=True, slots=True)
class Template:
    """A template as the choice needs it."""

    id: UUID
    business_type: str
    theme: str
    text: str
    platform: str | None


def facts(business: Business, day: date) -> dict[str, str]:
    """What every placeholder stands for: the business's own facts and the season of `day`."""
    kind = trade(business.type)
    generic = kind.name == GENERIC
    return {
        "business_name": business.name,
        "noun": business.type.replace("_", " ").strip() or kind.noun if generic else kind.noun,
        "work": kind.work,
        "city": business.location_city or "town",
        "state": business.location_state or "the region",
        "description": business.description or "",
        "brand_voice": business.brand_voice,
        "website": business.website or "",
        "season": part_of_season(day),
        "month": f"{day:%B}",
    }


def placeholders(text: str) -> list[str]:
    """The names between the braces, in order. Raises TemplateError when the braces do not match."""
    try:
        return [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]
    except ValueError as error:
        raise TemplateError(f"The template {text[:60]!r} cannot be read: {error}") from None


def render(text: str, values: Mapping[str, str]) -> str:
    """The template with its placeholders filled; `{{` stands for a brace.

    Values are put in as they are: braces in them mean nothing. Raises TemplateError naming a placeholder that does not
    exist, also for `{name.attribute}` and `{}`.
    """
    for name in placeholders(text):
        if name not in values:
            raise TemplateError(
                f"Unknown placeholder {{{name}}} in the template {text[:60]!r}: "
                f"use {', '.join(f'{{{known}}}' for known in values)}"
            )
    try:
        return text.format_map(values)
    except (ValueError, TypeError) as error:  # a conversion or format that texts do not know
        raise TemplateError(f"The template {text[:60]!r} cannot be filled: {error}") from None


@cache
def shipped() -> tuple[Template, ...]:
    """Every template that comes with the code."""
    return tuple(
        Template(
            id=uuid5(_SHIPPED, f"{kind.name}/{theme}/{number}"),
            business_type=kind.name,
            theme=theme,
            text=text,
            platform=None,
        )
        for kind in trades().values()
        for theme, texts in kind.prompts.items()
        for number, text in enumerate(texts)
    )


def load_templates(session: Session) -> int:
    """Bring `content_templates` up to the shipped set; returns how many rows are new or changed.

    Safe to repeat and to run twice at once. Needs the tables' owner: workers may only read templates.
    """
    table = cast(SqlTable, ContentTemplate.__table__)  # type: ignore[attr-defined]
    statement = insert(table).values(
        [
            {"id": t.id, "business_type": t.business_type, "theme": t.theme, "template_text": t.text, "platform": None}
            for t in sorted(shipped(), key=lambda t: t.id)  # one order, so that two loaders cannot block each other
        ]
    )
    changed = session.connection().execute(
        statement.on_conflict_do_update(
            index_elements=["id"],
            set_={"template_text": statement.excluded.template_text},
            where=table.c.template_text.is_distinct_from(statement.excluded.template_text),
        ).returning(table.c.id)
    )
    return len(changed.all())


def templates_for(session: Session, business_type: str) -> list[Template]:
    """The active templates that can serve a business of this type: its own trade's and the general ones."""
    rows = session.exec(
        select(ContentTemplate)
        .where(
            col(ContentTemplate.active),
            func.lower(col(ContentTemplate.business_type)).in_(sorted(_words(business_type))),
        )
        .order_by(col(ContentTemplate.created_at), col(ContentTemplate.id))
    )
    return [Template(r.id, r.business_type, r.theme, r.template_text, r.platform) for r in rows]


def choose(
    templates: Sequence[Template], *, business_type: str, theme: str, platform: str, turn: int
) -> Template | None:
    """The template for one post: own trade before the general ones, own rows before shipped ones, this platform's
    before everybody's. Among equals `turn` (a counter) takes them in turn. None when no template has this theme.
    """
    fitting = [
        t
        for t in templates
        if t.theme == theme and t.platform in (None, platform) and t.business_type.casefold() in _words(business_type)
    ]
    if not fitting:
        return None
    ours = _shipped_ids()

    def rank(template: Template) -> tuple[bool, bool, bool]:
        general = template.business_type == GENERIC and trade_name(business_type) != GENERIC
        return general, template.id in ours, template.platform is None

    best = min(rank(template) for template in fitting)
    equals = [template for template in fitting if rank(template) == best]
    return equals[turn % len(equals)]


def _words(business_type: str) -> frozenset[str]:
    """Under which types a business's templates stand: its trade, its owner's own word for it, and the general one."""
    return frozenset({trade_name(business_type), business_type.strip().casefold(), GENERIC})


@cache
def _shipped_ids() -> frozenset[UUID]:
    return frozenset(template.id for template in shipped())
