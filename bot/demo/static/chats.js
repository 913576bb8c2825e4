// Everybody's chats: the list, and the one that is open.
import { $, el, keepAtEnd, post, state, sync } from "./common.js";
import { shown } from "./map.js";

const STREET = "street";
let open = "ana";
let chosen = false; // until somebody is chosen, the first helper who is asked is shown
let seenToast = null;
const read = {}; // key: the id of the newest message seen

/** Open somebody's chat. */
export function choose(key, focus = false) {
  open = key;
  chosen = true;
  $("find").value = "";
  drawChats(state, [key]);
  const item = $("list").querySelector(`[data-key="${key}"]`);
  item?.scrollIntoView({ block: "nearest" });
  if (focus) item?.focus();
}

export function drawChats(now, changed) {
  if (!now.people.length) return;
  if (!chosen) followFirst(now);
  drawList(now);
  if (changed.includes(open) || changed.length === 0) drawChat(now);
  drawToasts(now);
}

function followFirst(now) {
  const marks = now.requests[0]?.marks ?? {};
  const first = now.people.find((one) => one.channel === "telegram" && marks[one.key]?.status === "open");
  if (!first || first.key === open) return;
  open = first.key;
  chosen = true;
  drawChat(now);
}

// The list

function about(person, request) {
  const mark = request?.marks[person.key];
  if (request && person.key === request.going) return [request.over ? "has been there" : "is going", "yes"];
  if (mark && !request.over) {
    if (mark.status === "open") return [`wave ${mark.wave}: asked`, "asked"];
    if (mark.status === "declined") return ["said no, or silent", "plain"];
    if (mark.status === "taken") return ["somebody was quicker", "plain"];
  }
  if (request && person.key === request.asker && !request.over) return ["asked for help", "asked"];
  if (person.away) return [person.away, "off"];
  return [{ organiser: "organiser", older: `${person.age}` }[person.kind] ?? person.does, "plain"];
}

function unread(key) {
  const chat = state.chats[key] ?? [];
  const theirs = chat.filter((message) => message.by === "bot");
  return theirs.filter((message) => message.id > (read[key] ?? 0)).length;
}

function entries(now) {
  const request = shown(now);
  const find = $("find").value.trim().toLowerCase();
  const rows = now.people.filter((person) => person.key !== "doreen").map((person) => {
    const [words, mood] = about(person, request);
    return { key: person.key, name: person.name, kind: person.kind, channel: person.channel, words, mood };
  });
  rows.push({ key: STREET, name: now.group.street, kind: "street", channel: "telegram", words: "street group chat", mood: "plain" });
  const rank = (row) => row.kind === "organiser" ? 0 : row.kind === "street" ? 1 : row.mood === "yes" ? 2 : row.mood === "asked" ? 3 : row.kind === "helper" ? 4 : 5;
  return rows
    .filter((row) => `${row.name} ${row.words} ${row.kind}`.toLowerCase().includes(find))
    .sort((one, other) => rank(one) - rank(other) || one.name.localeCompare(other.name));
}

function drawList(now) {
  const list = $("list");
  const held = list.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  const rows = entries(now);
  const stop = rows.some((row) => row.key === (held ?? open)) ? held ?? open : rows[0]?.key;
  list.replaceChildren(...rows.map((row) => {
    const fresh = row.key === open ? 0 : unread(row.key);
    return el("button", {
      type: "button", role: "option", class: `${row.kind} ${row.mood}`, "data-key": row.key,
      "aria-selected": String(row.key === open), tabindex: row.key === stop ? 0 : -1,
      on: { click: () => choose(row.key, true) },
    },
    el("span", { class: "face", "aria-hidden": "true" }, row.kind === "street" ? "#" : row.name[0]),
    el("span", { class: "lines" }, el("b", {}, row.name), el("i", {}, row.channel === "sms" ? `${row.words} · by text` : row.words)),
    fresh ? el("span", { class: "badge", "aria-label": `${fresh} unread` }, String(fresh)) : null);
  }));
  if (!rows.length) list.append(el("p", { class: "none" }, "Nobody of that name."));
  if (held) list.querySelector(`[data-key="${held}"]`)?.focus();
}

$("list").addEventListener("keydown", (event) => {
  const items = [...$("list").querySelectorAll("button")];
  const here = items.indexOf(document.activeElement);
  const to = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: items.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  const item = items[Math.max(0, Math.min(items.length - 1, to))];
  for (const other of items) other.tabIndex = other === item ? 0 : -1;
  item?.focus();
});
$("find").addEventListener("input", () => drawList(state));
$("find").addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown") {
    event.preventDefault();
    $("list").querySelector("button")?.focus();
  } else if (event.key === "Enter") {
    const first = $("list").querySelector("button");
    if (first) choose(first.dataset.key, true);
  }
});

// The chat

let drawn = null;

function drawChat(now) {
  const person = now.people.find((one) => one.key === open);
  const chat = now.chats[open] ?? [];
  read[open] = Math.max(read[open] ?? 0, ...chat.map((message) => message.id));
  if (open === STREET) {
    $("chat-name").textContent = now.group.street;
    $("chat-about").textContent = "Telegram group of neighbours. The bot posts cards here that name nobody.";
  } else if (person) {
    $("chat-name").textContent = `${person.name}, ${person.age}`;
    const how = person.channel === "sms" ? `by text, ${person.phone.replace("+44", "0")}` : "on Telegram";
    const role = { helper: `helps with ${person.does}, up to ${person.km} km`, organiser: "looks after the group", older: "older neighbour" }[person.kind];
    $("chat-about").textContent = [how, role, person.away].filter(Boolean).join(" · ");
  }
  const box = $("messages");
  const held = box.contains(document.activeElement) ? document.activeElement.dataset.press : null;
  const lines = chat.map((one) => [`${open} ${JSON.stringify(one)}`, () => line(now, one)]);
  const none = [[`${open} none`, () => el("li", { class: "none" }, "Nothing has been said yet.")]];
  const draw = () => sync(box, lines.length ? lines : none);
  if (drawn === open) keepAtEnd(box, draw); else draw();
  if (drawn !== open) box.scrollTop = box.scrollHeight;
  // A button that was pressed and is gone leaves the keyboard at the next thing to do.
  if (held && !box.contains(document.activeElement)) (box.querySelector(`[data-press="${held}"]`) ?? $("chat-write")).focus();
  drawn = open;
  drawAs(now);
  const first = open === STREET ? "the street" : person?.first ?? "";
  $("chat-write").placeholder = open === STREET ? "Write in the street chat" : `Write as ${first}`;
  $("chat-write-label").textContent = $("chat-write").placeholder;
}

function line(now, message) {
  const mine = message.by !== "bot";
  const who = mine ? now.people.find((one) => one.key === message.by)?.first ?? "Somebody" : "Popround";
  const buttons = (message.buttons ?? []).map((label, place) =>
    el("button", { type: "button", "data-press": `${message.id}:${place}`, on: { click: () => press(message.id, place) } }, label));
  return el("li", { class: mine ? "mine" : "theirs" },
    open === STREET || !mine ? el("b", { class: open === STREET ? "" : "hidden" }, who) : el("span", { class: "hidden" }, `${who} wrote: `),
    el("p", {}, message.words),
    el("small", {}, message.at, message.edited ? " · edited" : null, message.parts > 1 ? ` · ${message.parts} texts` : null),
    buttons.length ? el("div", { class: "buttons" }, ...buttons) : null);
}

const speaker = () => (open === STREET ? $("as").value : open);
const where = () => (open === STREET ? { chat: STREET } : {});
const press = (message, button) => post("/api/press", { person: speaker(), message, button, ...where() });

function drawAs(now) {
  $("as-label").hidden = open !== STREET;
  if ($("as").children.length) return;
  $("as").append(...now.people.filter((one) => one.street).map((one) => el("option", { value: one.key }, one.first)));
  $("as").selectedIndex = Math.min(3, $("as").children.length - 1);
}

$("chat-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = $("chat-write").value.trim();
  if (text && (await post("/api/type", { person: speaker(), text, ...where() }))) $("chat-write").value = "";
});

// Small notices that a press brings

function drawToasts(now) {
  const last = now.toasts.at(-1)?.n ?? 0;
  if (seenToast !== null) {
    for (const toast of now.toasts.filter((one) => one.n > seenToast)) {
      const first = now.people.find((one) => one.key === toast.who)?.first ?? "Somebody";
      const shownToast = el("p", {}, el("b", {}, `${first} sees: `), toast.words);
      $("toasts").append(shownToast);
      setTimeout(() => shownToast.remove(), 6000);
      while ($("toasts").children.length > 2) $("toasts").firstChild.remove();
    }
  }
  seenToast = last;
}
