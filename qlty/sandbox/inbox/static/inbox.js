// The inbox is rendered by the server. This file keeps it live, adds keys, and works the switches.
"use strict";

const main = () => document.getElementById("main");
const typing = () => /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? "");

let seen = document.body.dataset.version;
let wanted = seen;
let loading = false;

async function refresh() {
  if (loading || wanted === seen) return;
  // Whoever writes rules must not have them taken from under the cursor.
  if (document.activeElement?.closest?.("#rules")) return;
  loading = true;
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    seen = page.body.dataset.version ?? wanted;
    replace(page);
  } catch {
    seen = "";
  } finally {
    loading = false;
  }
  if (wanted !== seen) setTimeout(refresh, 400);
}

// Swap what changed; keep what is open, where one was, and what was chosen.
function replace(page) {
  const open = new Set([...document.querySelectorAll("details[id][open]")].map((d) => d.id));
  const shut = new Set([...document.querySelectorAll("details[id]:not([open])")].map((d) => d.id));
  const chosen = document.querySelector("[data-item].chosen")?.id;
  const known = new Set([...document.querySelectorAll("[data-item][id]")].map((e) => e.id));
  const scrolls = [...document.querySelectorAll(".panel-body, main")].map((e) => ({
    top: e.scrollTop,
    atEnd: e.classList.contains("stick") && e.scrollTop + e.clientHeight >= e.scrollHeight - 40,
  }));
  main().replaceChildren(...page.getElementById("main").childNodes);
  for (const part of [".side", ".top h1"]) {
    document.querySelector(part).replaceChildren(...page.querySelector(part).childNodes);
  }
  const chips = page.querySelectorAll(".top > .chip");
  document.querySelectorAll(".top > .chip").forEach((chip) => chip.remove());
  document.querySelector(".top h1").after(...chips);
  for (const each of document.querySelectorAll("details[id]")) {
    if (open.has(each.id)) each.open = true;
    if (shut.has(each.id)) each.open = false;
  }
  document.querySelectorAll(".panel-body, main").forEach((e, n) => {
    if (scrolls[n]) e.scrollTop = scrolls[n].atEnd ? e.scrollHeight : scrolls[n].top;
  });
  if (chosen) document.getElementById(chosen)?.classList.add("chosen");
  for (const each of document.querySelectorAll("[data-item][id]")) {
    if (!known.has(each.id)) each.classList.add("fresh");
  }
  showLive(true);
}

function showLive(on) {
  document.getElementById("live")?.classList.toggle("off", !on);
}

function listen() {
  const news = new EventSource("/api/news");
  news.onmessage = (event) => {
    wanted = event.data;
    showLive(true);
    refresh();
  };
  news.onerror = () => showLive(false);
}

// Keys
const places = {
  o: "/", s: "/inbox/slack", t: "/inbox/testrail", p: "/inbox/pagerduty",
  h: "/inbox/hooks", c: "/inbox/calls", x: "/inbox/chaos",
};
let going = false;

function choose(step) {
  const items = [...document.querySelectorAll("[data-item]")];
  if (!items.length) return;
  const at = items.findIndex((item) => item.classList.contains("chosen"));
  const next = items[Math.min(items.length - 1, Math.max(0, at < 0 ? 0 : at + step))];
  items[at]?.classList.remove("chosen");
  next.classList.add("chosen");
  next.scrollIntoView({ block: "nearest" });
}

function openChosen() {
  const item = document.querySelector("[data-item].chosen");
  const link = item?.matches("[data-open]") ? item : item?.querySelector("[data-open]");
  const fold = item?.querySelector("details");
  if (link) link.click();
  else if (fold) fold.open = !fold.open;
}

const keys = {
  j: () => choose(1),
  k: () => choose(-1),
  Enter: openChosen,
  "/": () => document.getElementById("q").focus(),
  "?": () => document.getElementById("help").showModal(),
  g: () => { going = true; setTimeout(() => { going = false; }, 1200); },
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && typing()) document.activeElement.blur();
  if (typing() || document.getElementById("help").open) return;
  if (event.key === "Enter" && document.activeElement?.matches("a, button, summary")) return;
  if (going && places[event.key]) {
    location.assign(places[event.key]);
    return;
  }
  const act = keys[event.key];
  if (act) {
    event.preventDefault();
    act();
  }
});

// Switches
async function put(rules) {
  const answer = await fetch("/api/chaos", {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(rules),
  });
  if (!answer.ok) throw new Error((await answer.json()).error);
}

function say(error) {
  const place = document.getElementById("rules-error");
  if (place) place.textContent = error ? error.message : "";
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.matches("[data-help]")) document.getElementById("help").showModal();
  if (button.matches("[data-reset]") && confirm("Forget everything that arrived?")) {
    await fetch("/api/reset", { method: "POST" });
  }
  if (button.matches("[data-calm]")) await put({}).then(() => say(null), say);
  if (button.matches("[data-switch]")) {
    const rules = JSON.parse(document.getElementById("chaos").dataset.rules);
    const on = button.getAttribute("aria-pressed") === "true";
    if (on) delete rules[button.dataset.switch];
    else rules[button.dataset.switch] = JSON.parse(button.dataset.rule);
    await put(rules).then(() => say(null), say);
  }
});

document.addEventListener("submit", async (event) => {
  if (event.target.id !== "rules") return;
  event.preventDefault();
  const area = document.getElementById("rules-text");
  try {
    await put(JSON.parse(area.value || "{}"));
    area.blur();
    document.activeElement?.blur();
    say(null);
    refresh();
  } catch (error) {
    say(error);
  }
});

// Begin with the newest thread: its head, if it is taller than the panel, else its end.
function toNewest(panel) {
  const last = [...panel.querySelectorAll(".thread")].pop();
  if (!last) return;
  const tall = last.offsetHeight > panel.clientHeight;
  panel.scrollTop = tall ? last.offsetTop - panel.offsetTop - 8 : panel.scrollHeight;
}

if (!location.hash) document.querySelectorAll(".panel-body.stick").forEach(toNewest);
listen();
