// Refreshes the posts every few seconds; only cards that changed are touched, so that nothing flickers or scrolls.
"use strict";
document.documentElement.classList.add("js");
const live = document.getElementById("live");
const choose = document.querySelector(".choose select");
if (choose) choose.addEventListener("change", () => choose.form.submit());

function markBroken(event) {
  if (event.target.tagName === "IMG") event.target.classList.add("broken");
}
live.addEventListener("error", markBroken, true);

function cardsIn(root) {
  return new Map([...root.querySelectorAll(".card")].map((card) => [card.dataset.id, card]));
}

function merge(html) {
  const next = document.createElement("main");
  next.innerHTML = html;
  const before = cardsIn(live);
  for (const [id, card] of cardsIn(next)) {
    const old = before.get(id);
    if (!old) {
      if (before.size) card.classList.add("fresh");
      continue;
    }
    // Keep the pictures that are loaded already: move them into the new card.
    const loaded = new Map([...old.querySelectorAll("img")].map((image) => [image.src, image]));
    for (const image of card.querySelectorAll("img")) {
      const kept = loaded.get(image.src);
      if (kept) image.replaceWith(kept);
    }
  }
  live.replaceChildren(...next.childNodes);
}

let last = "";
async function refresh() {
  if (document.hidden) return;
  try {
    const answer = await fetch("/_sandbox/live" + location.search, { cache: "no-store" });
    if (!answer.ok) return;
    const html = await answer.text();
    if (html !== last) merge(html);
    last = html;
  } catch {
    // The sandbox is being restarted; the next round tries again.
  }
}
setInterval(refresh, 3000);
document.addEventListener("visibilitychange", refresh);
