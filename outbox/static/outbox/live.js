// Keeps the part of a page that is called "live" up to date: asks whether it has changed, and swaps it if so.
"use strict";

(() => {
  const region = document.getElementById("live");
  if (!region?.dataset.url) return;
  const button = document.querySelector(".live-pause");
  const state = document.querySelector(".live-state");
  const news = document.querySelector(".live-news");
  const SOON = 2000, LATEST = 30000;
  let etag = region.dataset.etag, wait = SOON, paused = false, timer;

  const told = () => region.querySelector("[data-moving]")?.dataset ?? {};
  const isMoving = () => told().moving === "yes";

  // By what an element is the same in the newer version: where it leads, what it is called, or what it unfolds.
  const named = (one) => one.id || one.getAttribute("href") || one.getAttribute("aria-label") || one.parentElement?.id;
  const alike = (element) => [...region.querySelectorAll(element.localName)].filter((one) => named(one) === named(element));

  function focus(element) {
    if (element === region) region.tabIndex = -1;
    element.focus({ preventScroll: true });
  }

  function swap(html) {
    const before = told().news;
    const unfolded = [...region.querySelectorAll("details[open][id]")].map((details) => details.id);
    const focused = region.contains(document.activeElement) ? document.activeElement : null;
    const place = focused && alike(focused).indexOf(focused);
    region.innerHTML = html;
    for (const id of unfolded) document.getElementById(id)?.setAttribute("open", "");
    if (focused) focus(alike(focused)[place] ?? region);
    if (told().news !== before) news.textContent = told().news;
  }

  async function look() {
    try {
      const answer = await fetch(region.dataset.url, { headers: { "If-None-Match": etag }, cache: "no-store", redirect: "error" });
      if (answer.status !== 200 && answer.status !== 304) throw new Error(answer.statusText);
      if (answer.status === 200) {
        etag = answer.headers.get("ETag");
        swap(await answer.text());
      }
      wait = answer.status === 200 ? SOON : Math.min(wait * 1.25, LATEST);
      state.textContent = isMoving() ? "Updates by itself" : "Settled";
    } catch {
      wait = Math.min(wait * 2, LATEST);
      state.textContent = "Could not be updated; it will be tried again";
    }
    plan();
  }

  function plan() {
    clearTimeout(timer);
    if (!paused && !document.hidden) timer = setTimeout(look, isMoving() ? wait : LATEST);
  }

  button.hidden = false;
  button.addEventListener("click", () => {
    paused = !paused;
    wait = SOON;
    button.textContent = paused ? "Go on with the updates" : "Pause the updates";
    state.textContent = paused ? "Paused" : "Updates by itself";
    plan();
  });
  document.addEventListener("visibilitychange", () => { wait = SOON; plan(); });
  state.textContent = isMoving() ? "Updates by itself" : "Settled";
  plan();
})();
