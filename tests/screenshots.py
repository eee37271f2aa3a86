"""Takes a picture of every page in every state: `make screenshots`, then look at them.

Owners with data, without any and in trouble, at 1280 and 390 pixels, light and dark; the plain pages before and behind
the login; the database away. What can be measured (tests/looks/audit.js) is said while they are taken.

    python tests/screenshots.py [FOLDER] [--only WORD ...] [--readme] [--operator]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from PIL import Image
from playwright.sync_api import Browser, Page
from psycopg import sql

from ops.deployments import ROOT
from tests.browser import running_browser
from tests.databases import Databases, running_cluster
from tests.looks.house import PARTS, Show, audit, open_show, owner_pages, plain_pages, visit, visitor
from tests.operator_pictures import take_operator_pictures
from tests.sandbox_server import running_sandbox

FOLDER = ROOT / ".postagent-screenshots"
README = ROOT / "docs" / "pictures"
# As taken: as it is called in the repository.
README_PICTURES = {
    "data-overview-1280-light": "overview-1280",
    "data-overview-390-dark": "overview-390",
    "data-queue-waiting-390-light": "queue-390",
    "data-metrics-1280-light": "metrics-1280",
}
WIDTHS = (1280, 390)
TALLEST = 2600  # pixels


class Camera:
    """Takes one window's pictures in both schemes. `only`: words of which a picture's name must have one."""

    def __init__(self, page: Page, folder: Path, width: int, only: list[str]) -> None:
        self.page = page
        self._folder = folder
        self._width = width
        self._only = only

    def wants(self, name: str) -> bool:
        """Whether this page's pictures were asked for."""
        return not self._only or any(word in f"{name}-{self._width}" for word in self._only)

    def take(self, name: str) -> None:
        """The page as it stands, as tall as it is."""
        if not self.wants(name):
            return
        page = self.page
        # Streamlit scrolls inside a box: a tall window shows what it holds.
        height = page.evaluate(
            "Math.max(...[...document.querySelectorAll('html, body, body *')].map(box => box.scrollHeight))"
        )
        page.set_viewport_size({"width": self._width, "height": min(max(int(height), 640), TALLEST)})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.wait_for_timeout(600)  # charts draw themselves, pictures load
            for fault in audit(page):
                print(f"{name}-{self._width}-{scheme}: {fault}", file=sys.stderr)
            page.screenshot(path=self._folder / f"{name}-{self._width}-{scheme}.png")
        page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": self._width, "height": 900})


@contextmanager
def _camera(
    browser: Browser, show: Show, who: str | None, folder: Path, width: int, only: list[str]
) -> Iterator[Camera]:
    context = visitor(browser, show, show.people[who] if who else None, width=width)
    try:
        yield Camera(context.new_page(), folder, width, only)
    finally:
        context.close()


def main(arguments: list[str] | None = None) -> None:
    """Seed, serve, look, take."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER, help="where the pictures go")
    parser.add_argument("--only", nargs="+", default=[], metavar="WORD", help="pages whose picture's name has a word")
    parser.add_argument("--readme", action="store_true", help="renew the README's pictures in docs/pictures")
    parser.add_argument("--operator", action="store_true", help="Prefect's and the sandbox's, from a demo (minutes)")
    given = parser.parse_args(arguments)
    only = [name.rsplit("-", 1)[0] for name in README_PICTURES] if given.readme else given.only
    folder: Path = given.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if given.operator:
        take_operator_pictures(folder)
        return
    with (
        running_cluster("pictures") as home,
        running_sandbox() as sandbox,
        tempfile.TemporaryDirectory() as work,
        open_show(Databases(home), sandbox, Path(work)) as show,
        running_browser() as browser,
    ):
        for width in WIDTHS:
            for person in show.people:
                with _camera(browser, show, person, folder, width, only) as camera:
                    _owner_pages(camera, show, person)
            with _camera(browser, show, None, folder, width, only) as camera:
                _plain_pages(camera, show)
            with _camera(browser, show, "data", folder, width, only) as camera:
                _connecting(camera, show)
            with _camera(browser, show, "data", folder, width, only) as camera:
                _database_away(camera, show)
    if given.readme:
        for taken, called in README_PICTURES.items():
            _small(folder / f"{taken}.png", README / f"{called}.png")
    print(f"{len(list(folder.glob('*.png')))} pictures in {folder}")


def _owner_pages(camera: Camera, show: Show, person: str) -> None:
    for name, path in owner_pages().items():
        for part in PARTS.get(name, ("",)):
            called = "-".join(word for word in (person, name, part.partition("=")[2]) if word)
            if camera.wants(called) and visit(camera.page, f"{show.url}{path}?{part}"):
                camera.take(called)


def _plain_pages(camera: Camera, show: Show) -> None:
    """Everything before the login, and what each form says to nonsense."""
    for plain in plain_pages():
        name = plain.name
        if not plain.anonymous or not camera.wants(f"plain-{name}") or not visit(camera.page, show.url + plain.path):
            continue
        camera.take(f"plain-{name}")
        fields = camera.page.locator("form input:is([type=text], [type=email], [type=password])")
        if fields.count():
            for field in fields.all():
                field.fill("x")
            with camera.page.expect_navigation():
                camera.page.evaluate("document.forms[0].noValidate = true; document.forms[0].requestSubmit()")
            camera.take(f"plain-{name}-wrong")


def _connecting(camera: Camera, show: Show) -> None:
    """The way to a platform and back, and the way out."""
    page = camera.page
    if camera.wants("plain-connect"):
        visit(page, f"{show.url}/accounts")
        page.get_by_role("button", name="Connect Google Business Profile").click()
        for box in page.get_by_role("checkbox").all():
            box.check()
        page.get_by_role("button", name="Allow").click()
        page.get_by_role("heading", name="Choose your").wait_for()
        camera.take("plain-connect-choice")
        account = show.owner.execute(
            "SELECT id FROM connected_accounts WHERE user_id = %s AND platform = 'facebook'",
            (show.people["data"].owner.user_id,),
        ).fetchone()
        assert account is not None
        visit(page, f"{show.url}/connect/end/{account[0]}")
        camera.take("plain-disconnect")
        for plain in plain_pages():
            if not plain.anonymous and visit(page, show.url + plain.path):
                camera.take(f"plain-{plain.name}")


def _database_away(camera: Camera, show: Show) -> None:
    """In a page that stands open, at a page that is opened now, and at the login."""
    if not camera.wants("away"):
        return
    page = camera.page
    visit(page, f"{show.url}/metrics")
    name = sql.Identifier(show.owner.info.dbname)
    with psycopg.connect(show.owner.info.dsn, dbname="postgres", autocommit=True) as admin:
        admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(name))
        try:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> %s",
                (show.owner.info.dbname, show.owner.info.backend_pid),
            )
            page.get_by_text("7 days").click()
            page.get_by_text("We cannot reach our database").wait_for()
            camera.take("away-page")
            visit(page, show.url)
            camera.take("away-opened")
        finally:
            admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(name))


def _small(taken: Path, kept: Path) -> None:
    """A picture for the repository: 128 colours are enough for a page."""
    with Image.open(taken) as picture:
        cut = picture.convert("RGB").crop((0, 0, picture.width, min(picture.height, 1000)))
        cut.quantize(128, dither=Image.Dither.NONE).save(kept, optimize=True)


if __name__ == "__main__":
    main()
