"""The hours of the week and how posts did at them, as a table that is its own picture. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from dashboards.parts.wording import count
from models.comparing import Standing

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_FULL = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_STEP = 0.12  # of the average, that makes a cell one shade deeper
_SHADES = 3

Hour = tuple[int, int]  # ISO weekday (1 = Monday), hour of the day


def hour_name(hour: int) -> str:
    """ "9 AM"."""
    return f"{hour % 12 or 12} {'AM' if hour < 12 else 'PM'}"


def time_name(group: Hour) -> str:
    """ "Tuesday 9 AM"."""
    return f"{_FULL[group[0] - 1]} {hour_name(group[1])}"


def percent(difference: float) -> str:
    """A difference against the average: "+12%", "-5%", "0%"."""
    rounded = round(100 * difference)
    return f"{rounded:+,}%" if rounded else "0%"


def week_table(standings: Sequence[Standing[Hour]]) -> str:
    """Weekdays beside each other, hours with posts below each other. Each cell tells how its posts did against the
    average and, small, how many they are; where they are too few only that."""
    found = {standing.group: standing for standing in standings}
    hours = sorted({hour for _, hour in found})
    head = "".join(f'<th scope="col">{day}</th>' for day in WEEKDAYS)
    body = ""
    for hour in hours:
        cells = "".join(_cell(found.get((weekday, hour))) for weekday in range(1, 8))
        body += f'<tr><th scope="row">{hour_name(hour)}</th>{cells}</tr>'
    return (
        '<div class="pa-wide"><table class="pa-table pa-week"><caption>How posts did by weekday and hour, against the '
        f"average of their platform</caption><thead><tr><td></td>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cell(standing: Standing[Hour] | None) -> str:
    if standing is None:
        return "<td></td>"
    posts = (
        f'<small>{standing.posts:,}<span class="pa-hidden"> {"post" if standing.posts == 1 else "posts"}</span></small>'
    )
    if standing.verdict == "few":
        return f'<td class="pa-few">{posts}</td>'
    shade = min(_SHADES, int(abs(standing.difference) / _STEP))
    direction = "up" if standing.difference > 0 else "down"
    classes = [f"pa-{direction}-{shade}"] if shade else []
    mark = ""
    if standing.verdict in ("better", "worse"):
        classes.append("pa-sure")
        mark = f'<span aria-hidden="true">{"▲" if standing.verdict == "better" else "▼"}</span>'
        mark += f'<span class="pa-hidden">clearly {standing.verdict} </span>'
    return f'<td class="{" ".join(classes)}">{mark}{escape(percent(standing.difference))}<br>{posts}</td>'


def times_told(standings: Sequence[Standing[Hour]]) -> str:
    """In a sentence or two, what the table shows and how sure that is."""
    posts = count(sum(standing.posts for standing in standings), "post")
    compared = [standing for standing in standings if standing.verdict != "few"]
    if not compared:
        return f"Too few posts to tell times apart: {posts} so far, and it takes several at the same hour."
    better = sorted((s for s in compared if s.verdict == "better"), key=lambda s: -s.difference)
    worse = sorted((s for s in compared if s.verdict == "worse"), key=lambda s: s.difference)
    told = [f"**{time_name(s.group)}** did better than your average ({_over(s)})." for s in better[:3]]
    told += [f"**{time_name(s.group)}** did worse ({_over(s)})." for s in worse[:3]]
    if not told:
        return f"No time stands out over {posts}: the differences in this table are as large as chance makes them."
    return " ".join([*told, "The other differences may be chance."])


def _over(standing: Standing[Hour]) -> str:
    """ "+31% over 14 posts, likely between +8% and +60%"."""
    told = f"{percent(standing.difference)} over {count(standing.posts, 'post')}"
    return f"{told}, likely {between(standing.limits)}" if standing.limits else told


def between(limits: tuple[float, float]) -> str:
    """ "between -5% and +20%"."""
    return f"between {percent(limits[0])} and {percent(limits[1])}"
