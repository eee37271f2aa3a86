"""Plain routes beside Streamlit's pages, and what is asked of who comes through.

A room (login, health; later OAuth, webhooks, approval links) has a list `ROUTES` of doors; `dashboards.app` collects
the lists, one line a room.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Scope

Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One route.

    `anonymous`: open without a login. `cross_site`: may be posted to by other sites and servers, because it proves its
    sender in another way (a signature); every other POST must come from our own pages. `any_host`: answers under
    whatever name it is called by.
    """

    path: str
    endpoint: Endpoint
    methods: tuple[str, ...] = ("GET",)
    anonymous: bool = False
    cross_site: bool = False
    any_host: bool = False

    def route(self) -> Route:
        """The door as Starlette wants it."""
        return Route(self.path, self.endpoint, methods=list(self.methods))


class Doors:
    """All doors of the house."""

    def __init__(self, doors: Iterable[Door]) -> None:
        self._doors = [(door.route(), door) for door in doors]

    @property
    def routes(self) -> list[Route]:
        """The routes, for the application."""
        return [route for route, _ in self._doors]

    def find(self, scope: Scope) -> Door | None:
        """The door that a request will go through, None where Streamlit answers."""
        for route, door in self._doors:
            if route.matches(scope)[0] is Match.FULL:
                return door
        return None
