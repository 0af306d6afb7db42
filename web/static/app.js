// What the pages do beyond links and forms. Everything works without it.
"use strict";

const root = document.documentElement;
const byId = (id) => document.getElementById(id);

// --- Messages ---------------------------------------------------------------

const banner = byId("banner");
let retry = null;

function complain(text, again) {
  if (!banner) return;
  banner.querySelector("p").textContent = text;
  banner.querySelector("[data-retry]").hidden = !again;
  banner.hidden = false;
  retry = again;
}

function isPlain(xhr) {
  return (xhr.getResponseHeader("content-type") || "").startsWith("text/plain");
}

function again(config) {
  return () => window.htmx.ajax(config.verb.toUpperCase(), config.path, {
    source: config.elt,
    target: config.target,
    swap: config.elt.closest("[hx-swap]")?.getAttribute("hx-swap") || undefined,
  });
}

// A refusal in plain words belongs in the banner; a form that comes back is swapped in.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr } = event.detail;
  if (xhr.status < 400 || !isPlain(xhr)) return;
  event.detail.shouldSwap = false;
  event.detail.isError = true;
});

document.addEventListener("htmx:responseError", (event) => {
  const { xhr, requestConfig } = event.detail;
  const text = isPlain(xhr) ? xhr.responseText : "The server could not answer.";
  complain(text, xhr.status >= 500 ? again({ ...requestConfig, target: event.detail.target }) : null);
});
for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, (event) => {
    const { requestConfig, target } = event.detail;
    const text = name === "htmx:timeout" ? "The server took too long." : "The server cannot be reached.";
    complain(text, again({ ...requestConfig, target }));
  });
}
// What does not come keeps no room free; its link leads to a page that has it.
for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, (event) => {
    for (const room of event.detail.target?.querySelectorAll?.(".to-come") ?? []) room.remove();
  });
}
document.addEventListener("htmx:beforeRequest", () => { if (banner) banner.hidden = true; });

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-dismiss], [data-retry]");
  if (!button) return;
  const box = button.closest(".toast, .banner");
  if (button.hasAttribute("data-retry") && retry) retry();
  if (box.id === "banner") box.hidden = true; else box.remove();
});
const toast = document.querySelector(".toast");
if (toast) setTimeout(() => { if (!toast.matches(":hover, :focus-within")) toast.remove(); }, 10000);

// --- After a swap -----------------------------------------------------------

function announce(element) {
  const said = element?.matches?.("[data-announce]") ? element : element?.querySelector?.("[data-announce]");
  if (said) byId("live").textContent = said.dataset.announce;
}

document.addEventListener("htmx:afterSettle", (event) => {
  const { elt } = event.detail;
  announce(elt);
  const wrong = elt.querySelector?.("#problems");
  const first = wrong || elt.querySelector?.("[autofocus]");
  if (first) first.focus();
  else if (document.activeElement === document.body && elt.matches?.(".kin, tr[data-deal], #facts, #next-step")) {
    const next = elt.querySelector("button, a");
    if (next) next.focus();
  }
  openWide(elt);
});
for (const name of ["htmx:beforeRequest", "htmx:afterRequest"]) {
  document.addEventListener(name, (event) => {
    const target = event.detail.target;
    if (target?.setAttribute) target.setAttribute("aria-busy", String(name === "htmx:beforeRequest"));
  });
}

const problems = byId("problems");
if (problems) problems.focus();

// --- Menus, folds, sliders --------------------------------------------------

const wide = window.matchMedia("(min-width: 1000px)");
function openWide(inside) {
  if (wide.matches) for (const fold of inside.querySelectorAll("details[data-wide-open]")) fold.open = true;
}
openWide(document);

for (const wide of document.querySelectorAll("[data-scroll-end]")) wide.scrollLeft = wide.scrollWidth;
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
// The browser does not scroll to what has the focus where an edge of it is in view.
document.addEventListener("focusin", (event) => {
  const place = event.target.closest(".tabs, .board");
  if (place && event.target.matches(":focus-visible"))
    event.target.scrollIntoView({ inline: "nearest", block: "nearest" });
});

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("input", (event) => {
  if (event.target.type !== "range") return;
  const output = event.target.parentElement.querySelector("output");
  if (output) output.textContent = Number(event.target.value).toFixed(2);
});

// A second press of a button must not log the deal twice.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || form.hasAttribute("hx-post") || event.defaultPrevented) return;
  // A download leaves the page as it is, and can be asked for again.
  if (form.hasAttribute("data-download")) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "yes";
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// --- Lists: one box ticks all ------------------------------------------------

document.addEventListener("change", (event) => {
  const name = event.target.dataset?.tickAll;
  if (!name) return;
  for (const each of document.querySelectorAll(`input[type=checkbox][name=${name}]`)) each.checked = event.target.checked;
});

document.addEventListener("click", (event) => {
  const name = event.target.closest?.("[data-select-all]")?.dataset.selectAll;
  if (!name) return;
  for (const each of document.querySelectorAll(`input[type=checkbox][name=${name}]`)) each.checked = true;
});

// --- Lists: the line between two heads moves, and the browser remembers the widths ---

// In pixels; a record's name needs more room.
const narrowest = (head) => (head.dataset.head === "name" ? 144 : 80);
const STEP = 16;
const headsOf = (table) => [...table.querySelectorAll("thead [data-head]")];

// The heads' widths become shares of the table, so that the table is as wide as before.
function setWidths(table, widths) {
  const all = table.getBoundingClientRect().width;
  headsOf(table).forEach((head, place) => head.setAttribute("width", `${(100 * widths[place] / all).toFixed(1)}%`));
  describeWidths(table);
}

function describeWidths(table) {
  const all = table.getBoundingClientRect().width;
  for (const handle of table.querySelectorAll(".resizer")) {
    const share = Math.round(100 * handle.closest("th").previousElementSibling.getBoundingClientRect().width / all);
    handle.setAttribute("aria-valuenow", share);
    handle.setAttribute("aria-valuetext", `${share}% of the table`);
  }
  for (const button of document.querySelectorAll("[data-reset-widths]")) button.hidden = !table.querySelector("th[width]");
}

function keepWidths(text, seconds) {
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `widths=${text}; path=${location.pathname}; max-age=${seconds}; samesite=lax${secure}`;
}

// Moves the line on the left of a head: what its column loses, the one before it gains.
function moveLine(head, by) {
  const table = head.closest("table");
  const heads = headsOf(table);
  const widths = heads.map((each) => each.getBoundingClientRect().width);
  const place = heads.indexOf(head);
  const most = Math.max(0, widths[place] - narrowest(head));
  const moved = Math.max(Math.min(by, most), Math.min(0, narrowest(heads[place - 1]) - widths[place - 1]));
  widths[place - 1] += moved;
  widths[place] -= moved;
  setWidths(table, widths);
  const all = table.getBoundingClientRect().width;
  const shares = heads.map((each, number) => [each.dataset.head, Math.round(1000 * widths[number] / all)]);
  keepWidths(new URLSearchParams(shares), 31536000);
}

const labelOf = (head) => head.textContent.replace(/[↑↓]/u, "").trim();

function addHandles(inside) {
  for (const table of inside.querySelectorAll("table:has(thead [data-head])")) {
    for (const [before, head] of headsOf(table).map((each, place, all) => [all[place - 1], each]).slice(1)) {
      if (head.querySelector(".resizer")) continue;
      const handle = document.createElement("span");
      handle.className = "resizer";
      handle.tabIndex = 0;
      for (const [name, value] of Object.entries({
        role: "separator", "aria-orientation": "vertical", "aria-valuemin": 0, "aria-valuemax": 100,
        "aria-label": `Width of ${labelOf(before)}`,
      })) handle.setAttribute(name, value);
      // Else the handle would be part of the head's name.
      head.setAttribute("aria-label", labelOf(head));
      head.prepend(handle);
    }
    describeWidths(table);
  }
}
addHandles(document);
document.addEventListener("htmx:afterSettle", (event) => addHandles(event.detail.elt.parentElement || document));

document.addEventListener("pointerdown", (event) => {
  const handle = event.target.closest?.(".resizer");
  if (!handle || event.button) return;
  event.preventDefault();
  handle.setPointerCapture(event.pointerId);
  handle.classList.add("dragged");
});
document.addEventListener("pointermove", (event) => {
  const handle = event.target.closest?.(".resizer.dragged");
  if (handle) moveLine(handle.closest("th"), event.clientX - handle.closest("th").getBoundingClientRect().left);
});
for (const name of ["pointerup", "pointercancel"]) {
  document.addEventListener(name, (event) => event.target.closest?.(".resizer")?.classList.remove("dragged"));
}
document.addEventListener("keydown", (event) => {
  const handle = event.target.closest?.(".resizer");
  const by = { ArrowLeft: -STEP, ArrowRight: STEP }[event.key];
  if (!handle || !by || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  moveLine(handle.closest("th"), event.shiftKey ? 4 * by : by);
});
function resetWidths() {
  keepWidths("", 0);
  for (const table of document.querySelectorAll("table:has(th[width])")) {
    for (const head of headsOf(table)) head.removeAttribute("width");
    describeWidths(table);
  }
}
document.addEventListener("dblclick", (event) => { if (event.target.closest?.(".resizer")) resetWidths(); });
document.addEventListener("click", (event) => {
  if (!event.target.closest?.("[data-reset-widths]")) return;
  resetWidths();
  byId("live").textContent = "Widths reset.";
});

// --- List of deals: a click on a cell edits it; the row comes back with a form, and then without ---

document.addEventListener("click", (event) => {
  const cell = event.target.closest?.("td[data-edit]");
  if (!cell || event.target.closest("a, button, input, label") || String(window.getSelection())) return;
  const row = cell.closest("tr");
  const address = `/deals/${encodeURIComponent(row.dataset.deal)}/cells/${cell.dataset.edit}${location.search}`;
  window.htmx.ajax("GET", address, { target: row, swap: "outerHTML" });
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") event.target.closest?.(".editing")?.querySelector("[data-cancel]").click();
});

// --- Board: a card that is dropped on a column presses the button of its own menu ---

let dragged = null;
const columnAt = (event) => dragged && event.target.closest?.("[data-column]");
function markColumn(column) {
  for (const each of document.querySelectorAll("[data-column].over")) each.classList.remove("over");
  column?.classList.add("over");
}

document.addEventListener("dragstart", (event) => {
  dragged = event.target.closest?.("[data-card]") || null;
  if (!dragged) return;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.dataset.card);
  dragged.classList.add("dragged");
});
document.addEventListener("dragover", (event) => {
  const column = columnAt(event);
  const other = column && !column.contains(dragged) ? column : null;
  if (other) event.preventDefault();
  if (dragged) markColumn(other);
});
document.addEventListener("drop", (event) => {
  const name = columnAt(event)?.dataset.column;
  if (!name) return;
  event.preventDefault();
  const ways = [...dragged.querySelectorAll("button[name=stage], a[data-outcome]")];
  ways.find((way) => (way.value || way.dataset.outcome) === name)?.click();
});
document.addEventListener("dragend", () => {
  dragged?.classList.remove("dragged");
  dragged = null;
  markColumn(null);
});

// --- Mentions: @ and the beginning of a name offers the readers of the deal ---

let offering = null; // The textarea and list, and where the name begins, while some are offered.

function stopOffering() {
  if (!offering) return;
  const { area, list } = offering;
  list.remove();
  area.removeAttribute("aria-activedescendant");
  area.removeAttribute("aria-controls");
  offering = null;
}

function choose(step) {
  const all = [...offering.list.children];
  const at = all.findIndex((each) => each.getAttribute("aria-selected") === "true");
  const next = all[(at + step + all.length) % all.length];
  for (const each of all) each.setAttribute("aria-selected", String(each === next));
  offering.area.setAttribute("aria-activedescendant", next.id);
  next.scrollIntoView({ block: "nearest" });
}

function mention(option) {
  const { area, start } = offering;
  if (!option || area.selectionStart < start) return stopOffering();
  area.setRangeText(`@${option.dataset.mention} `, start, area.selectionStart, "end");
  stopOffering();
  area.focus();
  return undefined;
}

let asked = 0;
async function offer(area) {
  const before = area.value.slice(0, area.selectionStart);
  const found = /(?:^|[\s(])@([\p{L}\p{N}.' -]{0,40})$/u.exec(before);
  const turn = ++asked;
  if (!found) return stopOffering();
  await new Promise((resolve) => { setTimeout(resolve, 120); });
  if (turn !== asked) return undefined;
  const answer = await fetch(`${area.dataset.mentions}?q=${encodeURIComponent(found[1])}`, { headers: { "HX-Request": "true" } }).catch(() => null);
  const html = answer?.ok ? await answer.text() : "";
  if (turn !== asked) return undefined;
  stopOffering();
  if (!html.trim()) return undefined;
  const list = document.createElement("ul");
  list.id = `${area.id}-offered`;
  list.className = "offered";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Colleagues to mention");
  list.innerHTML = html;
  area.after(list);
  area.setAttribute("aria-controls", list.id);
  offering = { area, list, start: area.selectionStart - found[1].length - 1 };
  choose(list.children.length + 1);
  byId("live").textContent = `${list.children.length} colleagues: arrows choose, Enter takes, Escape closes.`;
  return undefined;
}

document.addEventListener("input", (event) => {
  if (event.target.dataset.mentions) offer(event.target);
});
document.addEventListener("selectionchange", () => {
  if (offering && offering.area.selectionStart <= offering.start) stopOffering();
});
document.addEventListener("focusout", (event) => {
  if (offering && event.target === offering.area) stopOffering();
});
document.addEventListener("keydown", (event) => {
  if (!offering || event.target !== offering.area) return;
  if (event.isComposing || event.shiftKey || event.ctrlKey || event.metaKey || event.altKey) return;
  const act = {
    ArrowDown: () => choose(1),
    ArrowUp: () => choose(-1),
    Enter: () => mention(offering.list.querySelector("[aria-selected=true]")),
    Tab: () => mention(offering.list.querySelector("[aria-selected=true]")),
    Escape: stopOffering,
  }[event.key];
  if (!act) return;
  event.preventDefault();
  event.stopPropagation();
  act();
}, true);
document.addEventListener("mousedown", (event) => {
  const option = event.target.closest?.("[data-mention]");
  if (option) { event.preventDefault(); mention(option); } else if (offering && event.target !== offering.area) stopOffering();
});

// --- Search: names are offered while they are typed ---

const box = byId("search");
const names = byId("names");
let typing = 0;

function closeNames() {
  typing += 1;
  names.hidden = true;
  names.replaceChildren();
  box.setAttribute("aria-expanded", "false");
  box.removeAttribute("aria-activedescendant");
}

function selectName(step) {
  const options = [...names.querySelectorAll("[role=option]")];
  const at = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
  const next = options[(at + step + options.length) % options.length];
  for (const option of options) option.setAttribute("aria-selected", String(option === next));
  box.setAttribute("aria-activedescendant", next.id);
  next.scrollIntoView({ block: "nearest" });
}

// The addresses of the records that were open last in this tab, the latest first. Only addresses
// are kept: the server names those that the member may still see.
function recentPages() {
  try { return JSON.parse(sessionStorage.getItem("recent")) || []; } catch { return []; }
}

const opened = location.pathname.match(/^\/(?:deals|accounts|people|library)\/[^/]+/)?.[0];
if (opened && box) {
  const others = recentPages().filter((address) => address !== opened);
  sessionStorage.setItem("recent", JSON.stringify([opened, ...others].slice(0, 7)));
}

async function offerNames() {
  const turn = ++typing;
  const text = box.value.trim();
  if (text.length === 1) return closeNames();
  await new Promise((resolve) => { setTimeout(resolve, text ? 100 : 0); });
  if (turn !== typing) return undefined;
  const asked = new URLSearchParams({ q: text, at: location.pathname });
  for (const address of text ? [] : recentPages()) if (address !== opened) asked.append("recent", address);
  const answer = await fetch(`/search/names?${asked}`, { headers: { "HX-Request": "true" } }).catch(() => null);
  const html = answer?.ok ? await answer.text() : "";
  if (turn !== typing || document.activeElement !== box) return undefined;
  if (!html.trim()) return closeNames();
  names.innerHTML = html;
  names.hidden = false;
  box.setAttribute("aria-expanded", "true");
  const count = names.querySelectorAll("[role=option]").length;
  // The first one is selected, so that Enter opens it; without a name or a command, Enter searches.
  selectName(count + 1);
  byId("live").textContent = `${count} options: arrows select, Enter opens, Escape closes.`;
  return undefined;
}

// A link of the palette is opened; an action is sent as the form that it stands for.
function take(option) {
  if (!option.dataset.action) {
    // A link to a place on this very page loads nothing, and is shown at once.
    const here = option.pathname === location.pathname && option.hash;
    if (here) closeNames();
    location.assign(option.href);
    if (here) showTarget();
    return;
  }
  const form = document.createElement("form");
  form.method = "post";
  form.action = option.dataset.action;
  const token = JSON.parse(document.body.getAttribute("hx-headers"))["x-csrftoken"];
  for (const [name, value] of [["_csrf_token", token], ...JSON.parse(option.dataset.fields)]) {
    const field = document.createElement("input");
    [field.type, field.name, field.value] = ["hidden", name, value];
    form.append(field);
  }
  document.body.append(form);
  form.submit();
}

// What an address points to is ready for the keyboard: a menu is opened, a field has the focus.
function showTarget() {
  const target = location.hash.length > 1 && byId(location.hash.slice(1));
  if (!target) return;
  if (target.matches("details.menu")) {
    target.open = true;
    target.querySelector("button:not([disabled]), input:not([type=hidden])")?.focus();
  } else if (target.matches("input, textarea, select")) target.focus();
}
showTarget();

if (box && names) {
  box.addEventListener("input", offerNames);
  box.addEventListener("focusout", (event) => { if (!names.contains(event.relatedTarget)) closeNames(); });
  names.addEventListener("mousedown", (event) => event.preventDefault());
  names.addEventListener("click", (event) => {
    const option = event.target.closest("[data-action]");
    if (option) { event.preventDefault(); take(option); }
  });
  box.addEventListener("keydown", (event) => {
    if (names.hidden || event.isComposing) return;
    const act = {
      ArrowDown: () => selectName(1),
      ArrowUp: () => selectName(-1),
      Enter: () => take(names.querySelector("[aria-selected=true]")),
      Escape: closeNames,
    }[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || event.altKey || event.shiftKey || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    box.focus();
    box.select();
    offerNames();
  });
}

// --- Live: one stream while the page is seen; it tells that there is something new ---

const live = document.body.dataset.stream ? new URL(document.body.dataset.stream, location.href) : null;
let stream = null;
let polling = 0;

// Open forms, unfolded parts, further rows and the focused element stay as they are.
function isBusy(part) {
  return part.dataset.leafed !== undefined || part.contains(document.activeElement)
    || part.querySelector("details[open], .rewriting, .done-notice") !== null;
}

function renew(what) {
  for (const part of document.querySelectorAll(`[data-live=${what}]`)) {
    // An answer is on its way, which will be newer than this.
    if (part.getAttribute("aria-busy") === "true") continue;
    const newer = part.querySelector(".newer");
    if (!isBusy(part)) window.htmx.ajax("GET", part.dataset.from, { target: part, swap: "outerHTML" });
    else if (newer) newer.hidden = false;
  }
}

function see(look) {
  for (const [name, value] of Object.entries(look)) if (value) live.searchParams.set(name, value); else live.searchParams.delete(name);
  const count = document.querySelector("[data-inbox-count]");
  if (count && "inbox" in look) {
    count.textContent = look.inbox;
    count.hidden = !look.inbox;
  }
}

function look(now) {
  const state = live.searchParams.get("state") || "";
  const waiting = Number(live.searchParams.get("inbox") || 0);
  const version = Number(live.searchParams.get("version") || 0);
  see(now);
  if (now.version !== version && byId("deal-changed")) byId("deal-changed").hidden = false;
  if (now.inbox !== waiting) renew("inbox");
  if (now.state === state) return;
  renew("timeline");
  byId("live").textContent = "There is something new on this deal.";
}

function gone() {
  rest();
  document.removeEventListener("visibilitychange", attend);
  complain("This page can no longer be kept up to date: reload it.", null);
}

async function poll() {
  const answer = await fetch(live, { headers: { Accept: "application/json" } }).catch(() => null);
  if (answer?.ok && !answer.redirected) look(await answer.json());
  else if (answer && (answer.status === 404 || answer.redirected)) gone();
}

function rest() {
  stream?.close();
  stream = null;
  clearInterval(polling);
  polling = 0;
}

function attend() {
  if (document.hidden) return rest();
  if (stream || polling) return undefined;
  stream = new EventSource(live);
  stream.addEventListener("look", (event) => look(JSON.parse(event.data)));
  stream.addEventListener("end", gone);
  stream.addEventListener("error", () => {
    // The browser tries again by itself where the connection broke; where it has given up,
    // something in between lets no stream through.
    if (stream?.readyState !== EventSource.CLOSED) return;
    rest();
    polling = setInterval(poll, 30_000);
    poll();
  });
  return undefined;
}

if (live && window.EventSource) {
  attend();
  document.addEventListener("visibilitychange", attend);
  window.addEventListener("pagehide", rest);
  window.addEventListener("pageshow", (event) => { if (event.persisted) attend(); });
}
document.addEventListener("htmx:afterSwap", (event) => {
  const list = { "more-events": "timeline", "more-items": "inbox" }[event.detail.target?.id];
  if (list) byId(list)?.setAttribute("data-leafed", "");
  const inbox = byId("inbox");
  if (inbox && live) see({ inbox: Number(inbox.dataset.inboxNow) });
});

// --- Preferences: at once here, and kept by the server for the next page ----

document.addEventListener("submit", (event) => {
  const form = event.target;
  const button = event.submitter;
  if (!form.matches("[data-preferences]") || !button) return;
  event.preventDefault();
  delete form.dataset.sent;
  root.dataset[button.name] = button.value;
  for (const each of form.querySelectorAll(`[name=${button.name}]`)) {
    each.setAttribute("aria-pressed", String(each === button));
  }
  const body = new URLSearchParams(new FormData(form, button));
  fetch(form.action, { method: "POST", body, redirect: "manual" });
});

// --- Drafts: what is typed into a long form is saved as a row of the member until it is sent ---

const unsaved = new Map(); // The forms that were typed into, and the timers that save them.

function typedIn(form) {
  return [...form.querySelectorAll("textarea, input")].filter((field) => !/hidden|radio|checkbox/.test(field.type));
}

function saveDraft(form) {
  clearTimeout(unsaved.get(form));
  unsaved.delete(form);
  // A form that is being sent needs no draft; the server deletes the one that there is.
  if (form.dataset.sent || !form.isConnected) return;
  const isEmpty = typedIn(form).every((field) => field.value === field.defaultValue);
  const body = new URLSearchParams(new FormData(form));
  fetch(isEmpty ? "/drafts/discard" : "/drafts", { method: "POST", body, keepalive: true }).catch(() => null);
}

document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (!form?.elements.draft_of) return;
  clearTimeout(unsaved.get(form));
  unsaved.set(form, setTimeout(saveDraft, 4000, form));
});
function saveDrafts() {
  for (const form of [...unsaved.keys()]) saveDraft(form);
}
window.addEventListener("pagehide", saveDrafts);
document.addEventListener("visibilitychange", () => { if (document.hidden) saveDrafts(); });

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-continue], [data-discard]");
  if (!button) return;
  const left = button.closest("[data-draft]");
  const { form } = button;
  if (button.hasAttribute("data-discard")) {
    fetch("/drafts/discard", { method: "POST", body: new URLSearchParams(new FormData(form)) });
  } else {
    const values = JSON.parse(left.dataset.draft);
    for (const field of form.elements) {
      if (!field.name || field.type === "hidden" || field.type === "submit") continue;
      const sent = values[field.name] || [];
      if (field.type === "checkbox" || field.type === "radio") field.checked = sent.includes(field.value);
      else if (sent.length) [field.value] = sent;
    }
  }
  left.remove();
  typedIn(form)[0]?.focus();
});

// --- Suggestions: which of them are opened is counted, without who opened them ---

function countSuggestion(control) {
  const list = control.closest("[data-suggested]");
  const item = (control.closest("li:not(.evidence li), article, [data-suggested]") || control).querySelector("a") || control;
  const body = new URLSearchParams({
    _csrf_token: JSON.parse(document.body.getAttribute("hx-headers"))["x-csrftoken"],
    kind: list.dataset.suggested,
    deal: list.dataset.deal,
    fate: control.dataset.fate || "opened",
    item: item.getAttribute("href") || "",
  });
  // The page may be left before the answer comes.
  fetch("/insights/counts", { method: "POST", body, keepalive: true }).catch(() => null);
}

document.addEventListener("click", (event) => {
  const control = event.target.closest?.("[data-suggested] :is(a, details:not([open], .menu) > summary)");
  if (control) countSuggestion(control);
});

// --- Names that may mean a record: a choice fills in the field ---------------

document.addEventListener("click", (event) => {
  const choice = event.target.closest("[data-fill]");
  if (!choice) return;
  const field = byId(choice.dataset.fill);
  field.value = choice.dataset.value;
  field.focus();
  // The note below the field follows what is in it.
  field.dispatchEvent(new Event("input", { bubbles: true }));
});

// --- Keys -------------------------------------------------------------------

const PLACES = { t: "/", i: "/inbox", d: "/deals", a: "/accounts", p: "/people", l: "/library", r: "/references" };
let going = 0;

// Ctrl+Enter sends the form of the text that is typed, as its first button does.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
  const form = event.target.closest?.("textarea")?.form;
  if (!form) return;
  event.preventDefault();
  form.requestSubmit(form.querySelector("button.primary, button:not([type=button])"));
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    const menu = document.activeElement?.closest?.("details.menu[open]") || document.querySelector("details.menu[open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
    return;
  }
  if (root.dataset.shortcuts === "off" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, dialog, [contenteditable]")) return;
  const key = event.key.toLowerCase();
  if (Date.now() - going < 1500 && PLACES[key]) {
    event.preventDefault();
    going = 0;
    location.assign(PLACES[key]);
  } else if (key === "g") going = Date.now();
  else if (key === "c" && document.querySelector("a.new")) { event.preventDefault(); location.assign("/deals/new"); }
  else if (key === "/") { event.preventDefault(); byId("search").focus(); byId("search").select(); }
  else if (event.key === "?") { event.preventDefault(); byId("shortcuts").showModal(); }
});
