"""Scripts in every text that a tenant, a model or a platform can set: no page runs one or becomes another page.

Pages are found by themselves, and walked through: each tab, each part that unfolds, each dialog.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Locator, Route

from dashboards.guard import safe_next
from tests.dashboards.attacks.poison import TEXT, WANTED, make_rich_owner, poison
from tests.dashboards.conftest import Live
from tests.dashboards.house import Login, make_login
from tests.dashboards.test_others_ids import VIEWS

pytestmark = pytest.mark.xdist_group("browser")  # one server and one browser are enough

# What is in a page and does not belong there.
INTRUDERS = """() => [...document.querySelectorAll('*')].filter(element =>
    element.tagName.toLowerCase() === 'xss-probe'
    || (['SCRIPT', 'STYLE'].includes(element.tagName) && /hacked|evil/.test(element.textContent))
    || ['IFRAME', 'OBJECT', 'EMBED', 'BASE'].includes(element.tagName)
    || [...element.attributes].some(({name, value}) => /^on/i.test(name)
      || (/^(href|src|action|formaction|srcdoc|xlink:href)$/i.test(name)
        && /^\\s*(javascript|data:text)|evil[.]/i.test(value)))
  ).map(element => element.outerHTML.slice(0, 300)).concat(window.hacked ? ['a script ran'] : [])"""
SETTLED = """() => { const app = document.querySelector('[data-testid=stApp]');
  return app && app.dataset.testScriptState === 'notRunning' && document.querySelector('.pa-foot') !== null }"""
PARTS = ", ".join(
    f"[data-testid=stMain] {kind}" for kind in ("[data-testid=stButtonGroup] button", "[role=tab]", "summary")
)
BUTTONS = "[data-testid=stMain] [data-testid=stButton] button:not([disabled])"


class Visit:
    """A browser that notes what pages try."""

    def __init__(self, context: BrowserContext, live: Live) -> None:
        self.page, self.live = context.new_page(), live
        self.troubles: list[str] = []
        context.route("**/*", self._asked)
        self.page.on("dialog", self._spoke)
        self.page.on("console", self._told)

    def _asked(self, route: Route) -> None:
        if "evil.example" in route.request.url:
            self.troubles.append(f"asked for {route.request.url}")
        if route.request.url.startswith(self.live.url):
            route.continue_()
        else:
            route.abort()

    def _spoke(self, dialog: Dialog) -> None:
        self.troubles.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _told(self, message: ConsoleMessage) -> None:
        if "Content Security" in message.text:
            self.troubles.append(message.text)

    def open(self, path: str) -> None:
        self.page.goto(self.live.url + path)
        self.page.wait_for_function(SETTLED)
        self.look(path)

    def look(self, where: str) -> None:
        """What stands there is text, and only text; and some of it does stand there."""
        self.page.wait_for_function("() => document.body.innerText.includes('<xss-probe>')")
        assert self.page.evaluate(INTRUDERS) == [], where
        assert self.troubles == [], where

    def press(self, what: Locator, where: str) -> None:
        """Press it, and look at what it opened."""
        self.close_dialog()
        what.click()
        self.page.wait_for_timeout(300)
        self.page.wait_for_function(SETTLED)
        self.look(where)

    def close_dialog(self) -> None:
        """So that what is behind it can be pressed."""
        while self.page.get_by_role("dialog").count():
            self.page.keyboard.press("Escape")
            self.page.wait_for_timeout(300)
            self.page.wait_for_function(SETTLED)

    def press_buttons(self, path: str, pressed: set[str]) -> None:
        """Each kind of button once."""
        self.close_dialog()
        before = self.page.url
        visible = self.page.locator(BUTTONS).locator("visible=true")  # not those of another tab
        for label in sorted({text.splitlines()[-1] for text in visible.all_inner_texts() if text}):
            button = visible.get_by_text(label, exact=True).first
            if label not in pressed and button.count():
                pressed.add(label)
                self.press(button, f"{path}, {label}")
            if self.page.url != before:
                self.page.goto(before)
                self.page.wait_for_function(SETTLED)


@pytest.fixture(scope="module")
def bob_in(live: Live) -> Login:
    """An owner all of whose texts are scripts."""
    bob = make_rich_owner(live.owner)
    login = make_login(live.owner, bob)
    live.owner.execute("UPDATE dashboard_sessions SET user_agent = 'x' WHERE user_id = %s", (bob.user_id,))
    missing = WANTED - poison(live.owner, bob)
    assert missing == set(), "these could not be poisoned: give the owner of poison.py such a row"
    return login


@pytest.fixture(scope="module")
def visit(browser: Browser, live: Live, bob_in: Login) -> Iterator[Visit]:
    """One browser for all pages, logged in."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(30_000)
    context.add_cookies([{"name": "postagent_session", "value": bob_in.token, "url": live.url}])
    yield Visit(context, live)
    context.close()


@pytest.mark.parametrize("view", VIEWS)
def test_no_page_runs_or_becomes_what_somebody_wrote(visit: Visit, view: str) -> None:
    """The page itself; each of its tabs and folds; and in each of them every kind of button once."""
    path = "/" if view == "overview" else f"/{view}"
    visit.troubles.clear()
    visit.open(path)
    pressed: set[str] = set()
    visit.press_buttons(path, pressed)
    for index in range(visit.page.locator(PARTS).count()):
        part = visit.page.locator(PARTS).nth(index)
        if part.is_visible():  # not what another tab holds
            visit.press(part, f"{path}, part {index}")
        visit.press_buttons(path, pressed)


def test_no_plain_page_becomes_what_somebody_wrote(visit: Visit, bob_in: Login) -> None:
    accounts = visit.live.owner.execute(
        "SELECT id FROM connected_accounts WHERE user_id = %s AND disconnected_at IS NULL", (bob_in.owner.user_id,)
    ).fetchall()
    assert len(accounts) > 3
    for (account,) in accounts[:2]:
        visit.page.goto(f"{visit.live.url}/connect/end/{account}")
        visit.look("/connect/end")


def test_a_page_that_was_changed_is_noticed(visit: Visit) -> None:
    """By the very looks that all of the above passed."""
    visit.open("/")
    visit.page.evaluate("text => document.body.insertAdjacentHTML('beforeend', text)", TEXT)
    visit.page.wait_for_timeout(200)
    assert len(visit.page.evaluate(INTRUDERS)) >= 5
    assert any("evil.example" in trouble for trouble in visit.troubles), "a picture was asked for"
    assert any("Content Security" in trouble for trouble in visit.troubles), "the policy kept the script from running"
    assert visit.page.evaluate("window.hacked") is None
    visit.troubles.clear()


def test_wherever_a_login_leads_it_is_a_page_of_ours(visit: Visit) -> None:
    """As a browser reads addresses, which is not as Python does."""
    first = ("/", "//", "/\\", "\\", "/\t/", "/%5c", "/.", "https:", "javascript:")
    then = (
        "",
        "/",
        "\\",
        "\t",
        "\n",
        "%2f",
        "%09",
        "@",
        ":",
        "?",
        "#",
        ".",
        "..",
        "http:",
        "\u3002",
        "\uff0f",
        "\x00",
        "login",
    )
    last = ("evil.example", "/evil.example", "\\evil.example", "@evil.example", "queue")
    attacks = [f"{one}{two}{three}{end}" for one in first for two in then for three in then for end in last]
    targets = sorted({safe_next(attack) for attack in attacks})
    assert len(targets) > 300
    led = """targets => targets.filter(target =>
      URL.canParse(target, location.href) && new URL(target, location.href).origin !== location.origin)"""
    visit.page.goto(f"{visit.live.url}/login")
    assert visit.page.evaluate(led, targets) == []
    assert visit.page.evaluate(led, attacks), "some of these would have led away"
