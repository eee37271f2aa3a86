"""Google's read-only APIs: accounts, locations, daily metrics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from platforms.sandbox.engagement import LOCATION_METRICS, location_count
from platforms.sandbox.exchange import Answer, Call, Operation, Refused
from platforms.sandbox.google_common import error, invalid, not_found, token_of
from platforms.sandbox.state import DAY, Account, World

MAX_ACCOUNTS_PAGE = 20
LOCATION_FIELDS = frozenset((
    "name", "languageCode", "storeCode", "title", "phoneNumbers", "categories", "storefrontAddress",
    "websiteUri", "regularHours", "specialHours", "serviceArea", "labels", "latlng", "openInfo", "metadata",
    "profile", "relationshipData", "moreHours", "serviceItems",
))  # fmt: skip
HISTORY = timedelta(days=548)  # 18 months


def _page(call: Call, names: Sequence[str], default: int, maximum: int) -> tuple[list[str], str | None]:
    """One page of sorted names and the token of the next; a page token is the last name seen."""
    size = call.text("pageSize") or str(default)
    if not size.isdigit() or int(size) < 1:
        raise invalid("page_size", "Page size must be positive.")
    limit = min(int(size), maximum)
    after = call.text("pageToken")
    rest = [name for name in sorted(names) if name > after]
    return rest[:limit], rest[limit - 1] if len(rest) > limit else None


class GoogleAccounts:
    """mybusinessaccountmanagement.googleapis.com/v1/accounts."""

    def __init__(self, world: World) -> None:
        self._world = world

    def resolve(self, call: Call) -> Operation:
        """Which read."""
        if (call.method, *call.path) == ("GET", "v1", "accounts"):
            return Operation("google", "accounts", None, lambda: self._list(call))
        raise not_found()

    def _list(self, call: Call) -> Answer:
        token = token_of(call, self._world)
        reached = {account_id.split("/locations/")[0]: account_id for account_id in token.account_ids}
        names, following = _page(call, list(reached), MAX_ACCOUNTS_PAGE, MAX_ACCOUNTS_PAGE)
        accounts = [
            {
                "name": name,
                "accountName": self._world.accounts[reached[name]].name,
                "type": "PERSONAL",
                "role": "PRIMARY_OWNER",
                "verificationState": "VERIFIED",
                "vettedState": "NOT_VETTED",
                "permissionLevel": "OWNER_LEVEL",
            }
            for name in names
            if reached[name] in self._world.accounts
        ]
        answer: dict[str, Any] = {"accounts": accounts} if accounts else {}
        return Answer({**answer, "nextPageToken": following} if following else answer)


class GoogleLocations:
    """mybusinessbusinessinformation.googleapis.com/v1."""

    def __init__(self, world: World) -> None:
        self._world = world

    def resolve(self, call: Call) -> Operation:
        """Which read."""
        match (call.method, *call.path):
            case ("GET", "v1", "accounts", account, "locations"):
                return Operation("google", "locations", None, lambda: self._list(call, account))
            case ("GET", "v1", "locations", location):
                return Operation("google", "locations", None, lambda: self._get(call, location))
        raise not_found()

    def _mask(self, call: Call) -> list[str]:
        fields = [field.strip().split(".")[0] for field in call.text("readMask").split(",") if field.strip()]
        if not fields or not LOCATION_FIELDS.issuperset(fields):
            raise invalid("read_mask", "Invalid field mask provided")
        return fields

    def _list(self, call: Call, account: str) -> Answer:
        token = token_of(call, self._world)
        fields = self._mask(call)
        wanted = {
            account_id
            for account_id in token.account_ids
            if account == "-" or account_id.startswith(f"accounts/{account}/")
        }
        if not wanted and account != "-":
            raise Refused(error(403, "The caller does not have permission"))
        names, following = _page(call, sorted(wanted), 10, 100)
        locations = [self._shown(self._world.accounts[name], fields) for name in names if name in self._world.accounts]
        answer: dict[str, Any] = {"locations": locations, "totalSize": len(wanted)} if locations else {}
        return Answer({**answer, "nextPageToken": following} if following else answer)

    def _get(self, call: Call, location: str) -> Answer:
        token = token_of(call, self._world)
        fields = self._mask(call)
        account = location_of(self._world, token.account_ids, location)
        return Answer(self._shown(account, fields))

    def _shown(self, account: Account, fields: list[str]) -> dict[str, Any]:
        number = account.id.rsplit("/", 1)[1]
        table: dict[str, Callable[[], Any]] = {
            "name": lambda: f"locations/{number}",
            "title": lambda: account.name,
            "languageCode": lambda: "en",
            "storefrontAddress": lambda: {
                "regionCode": "US",
                "locality": account.city or "",
                "addressLines": [account.address] if account.address else [],
            },
            "metadata": lambda: {
                "hasVoiceOfMerchant": account.may_post,
                "placeId": f"ChIJ{number}",
                "mapsUri": f"https://maps.google.com/maps?cid={number}",
                "newReviewUri": f"https://search.google.com/local/writereview?placeid=ChIJ{number}",
            },
        }
        return {field: table[field]() for field in fields if field in table}


def location_of(world: World, reached: Sequence[str], location: str) -> Account:
    """The account of `locations/{location}`, which is named without its account. Raises Refused with 403 or 404."""
    ending = f"/locations/{location}"
    for account_id in reached:
        if account_id.endswith(ending) and account_id in world.accounts:
            return world.accounts[account_id]
    if any(account_id.endswith(ending) for account_id in world.accounts):
        raise Refused(error(403, "The caller does not have permission"))
    raise not_found()


class GooglePerformance:
    """businessprofileperformance.googleapis.com/v1: daily metrics of a location."""

    def __init__(self, world: World) -> None:
        self._world = world

    def resolve(self, call: Call) -> Operation:
        """Which read."""
        if call.method == "GET" and call.path[:2] == ("v1", "locations") and len(call.path) == 3:
            location, _, verb = call.path[2].partition(":")
            known = next((name for name in self._world.accounts if name.endswith(f"/locations/{location}")), None)
            if verb == "fetchMultiDailyMetricsTimeSeries":
                return Operation("google", "metrics", known, lambda: self._many(call, location))
            if verb == "getDailyMetricsTimeSeries":
                return Operation("google", "metrics", known, lambda: self._one(call, location))
        raise not_found()

    def _many(self, call: Call, location: str) -> Answer:
        account, days = self._asked(call, location)
        metrics = [*call.query.get("dailyMetrics", ()), *call.query.get("daily_metrics", ())]
        if not metrics:
            raise invalid("daily_metrics", "At least one metric is required.")
        series = [{"dailyMetric": metric, "timeSeries": self._series(account, metric, days)} for metric in metrics]
        return Answer({"multiDailyMetricTimeSeries": [{"dailyMetricTimeSeries": series}]})

    def _one(self, call: Call, location: str) -> Answer:
        account, days = self._asked(call, location)
        metric = call.text("dailyMetric") or call.text("daily_metric")
        return Answer({"timeSeries": self._series(account, metric, days)})

    def _asked(self, call: Call, location: str) -> tuple[Account, list[date]]:
        token = token_of(call, self._world)
        account = location_of(self._world, token.account_ids, location)
        first, last = _day(call, "startDate", "start_date"), _day(call, "endDate", "end_date")
        if last < first:
            raise invalid("daily_range", "The end date is before the start date.")
        today = datetime.fromtimestamp(call.now, UTC).date()
        last = min(last, today - timedelta(days=self._world.config.google_metrics_lag_days))
        first = max(first, today - HISTORY)
        return account, [first + timedelta(days=n) for n in range((last - first).days + 1)]

    def _series(self, account: Account, metric: str, days: list[date]) -> dict[str, Any]:
        if metric not in LOCATION_METRICS:
            raise invalid("daily_metrics", f"Invalid value at 'daily_metrics' (DailyMetric), \"{metric}\"")
        now = self._world.now()
        live = [post.created for post in self._world.posts_on(account.id) if post.is_visible(now)]
        values = []
        for day in days:
            end = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() + DAY
            number = location_count(account.id, metric, day, sum(end - 8 * DAY < at < end for at in live), now)
            dated: dict[str, Any] = {"date": {"year": day.year, "month": day.month, "day": day.day}}
            if number:  # a zero has no value at all
                dated["value"] = str(number)
            values.append(dated)
        return {"datedValues": values} if values else {}


def _day(call: Call, name: str, other: str) -> date:
    parts = []
    for part in ("year", "month", "day"):
        value = call.text(f"dailyRange.{name}.{part}") or call.text(f"daily_range.{other}.{part}")
        if not value.isdigit():
            raise invalid(f"daily_range.{other}.{part}", "A whole date is required.")
        parts.append(int(value))
    try:
        return date(*parts)
    except ValueError:
        raise invalid(f"daily_range.{other}", "Not a date.") from None
