"""Going through a page with nothing but the Tab key."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

_MARK = Path(__file__).with_name("keyboard.js").read_text(encoding="utf-8")
# Where the focus is, whether it can be seen, and whether it is on the screen.
_WHERE = """() => {
  const at = document.activeElement;
  if (!at || at === document.body) return null;
  const box = at.getBoundingClientRect();
  let seen = false;
  for (let e = at, up = 0; e && up < 4 && !seen; e = e.parentElement, up++) {
    const style = getComputedStyle(e);
    seen = (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1) || style.boxShadow !== 'none';
  }
  const inner = at.querySelector('[data-stop]');
  const mark = at.closest('[data-stop]') || at.closest('label')?.querySelector('[data-stop]') ||
    (at.getAttribute('role') === 'radiogroup' ? inner : null);
  return {stop: mark ? mark.dataset.stop : null, seen, x: box.left, y: box.top + scrollY,
    inside: box.bottom > 0 && box.top < innerHeight,
    words: (at.textContent || at.getAttribute('aria-label') || at.name || at.tagName).trim().slice(0, 50)};
}"""


def walk(page: Page) -> list[str]:
    """What a person without a mouse cannot reach, cannot see they have reached, or reaches in a strange order."""
    page.evaluate("document.querySelectorAll('[data-stop]').forEach(part => part.removeAttribute('data-stop'))")
    wanted: dict[str, str] = dict(page.evaluate(_MARK))
    reached: list[str] = []
    faults: list[str] = []
    # From the very beginning, wherever the page has put the focus itself.
    page.evaluate("document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex')")
    for _ in range(2 * len(wanted) + 20):
        page.keyboard.press("Tab")
        at: dict[str, Any] | None = page.evaluate(_WHERE)
        if at is None:
            if reached:
                break
            continue
        if not at["seen"]:
            faults.append(f'focus: it cannot be seen at "{at["words"]}"')
        if not at["inside"]:
            faults.append(f'focus: "{at["words"]}" stays outside the screen')
        if at["stop"] is not None and at["stop"] not in reached:
            reached.append(at["stop"])
    faults += [f'keyboard: "{words}" is never reached' for stop, words in wanted.items() if stop not in reached]
    numbers = [int(stop) for stop in reached]
    faults += [
        f'order: "{wanted[str(after)]}" comes before "{wanted[str(before)]}"'
        for after, before in pairwise(numbers)
        if after > before
    ]
    return list(dict.fromkeys(faults))
