// The page: keeps the state that the demo sends, and lets each part draw what changed.
import { $, el, keepAtEnd, post, state, trouble } from "./common.js";
import { drawMap } from "./map.js";
import { drawPhone } from "./phone.js";
import { drawChats } from "./chats.js";

// The clock

const DAY = new Intl.DateTimeFormat("en-GB", { weekday: "short", timeZone: "Europe/London" });
const HOUR = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: "Europe/London" });
let heard = performance.now();

function tick() {
  const clock = state.clock;
  if (!clock) return;
  const moment = new Date(clock.ms + (performance.now() - heard) * clock.speed);
  $("time").textContent = `${DAY.format(moment)} ${HOUR.format(moment)}`;
  $("phone-time").textContent = HOUR.format(moment);
}

function drawClock() {
  const clock = state.clock;
  for (const button of document.querySelectorAll("[data-speed]")) {
    const on = Number(button.dataset.speed) === clock.speed && !clock.travelling;
    button.setAttribute("aria-pressed", String(on));
  }
  for (const button of document.querySelectorAll("[data-speed], [data-jump]")) {
    button.setAttribute("aria-disabled", String(clock.travelling));
  }
  $("sky").className = clock.quiet ? "moon" : "sun";
  $("sky").title = clock.quiet ? "Quiet hours: nobody is disturbed" : "Day";
  document.body.classList.toggle("quiet", clock.quiet);
  document.body.classList.toggle("travelling", clock.travelling);
  tick();
}

for (const button of document.querySelectorAll("[data-speed]")) {
  button.addEventListener("click", () => post("/api/clock", { speed: Number(button.dataset.speed) }));
}
for (const button of document.querySelectorAll("[data-jump]")) {
  button.addEventListener("click", () => {
    if (!state.clock?.travelling) post("/api/clock", { jump: button.dataset.jump });
  });
}
$("habits").addEventListener("change", (event) => post("/api/habits", { on: event.target.checked }));
setInterval(tick, 200);

// The log

let logged = 0;

function drawLog() {
  const fresh = state.log.filter((line) => line.n > logged);
  if (!fresh.length) return;
  logged = fresh.at(-1).n;
  keepAtEnd($("log"), () => {
    for (const line of fresh) {
      $("log").append(el("li", { class: line.kind }, el("time", {}, line.at), el("span", {}, line.words)));
    }
    while ($("log").children.length > 200) $("log").firstChild.remove();
  });
}

function drawComing() {
  const lines = state.coming.map((due) =>
    el("li", {}, el("time", {}, `${due.day} ${due.at}`.trim()), el("span", {}, due.words)));
  $("coming").replaceChildren(...(lines.length ? lines : [el("li", { class: "none" }, "Nothing is waiting.")]));
}

// News

function take(patch) {
  const { chats, ...rest } = patch;
  Object.assign(state, rest);
  if (chats) state.chats = { ...state.chats, ...chats };
  if (rest.clock) { heard = performance.now(); drawClock(); }
  if ("habits" in rest) $("habits").checked = rest.habits;
  if (rest.log) drawLog();
  if (rest.coming) drawComing();
  if (rest.people || rest.requests) drawMap(state);
  if (chats?.doreen || rest.suggestions) drawPhone(state);
  if (chats || rest.people || rest.requests || rest.toasts) drawChats(state, Object.keys(chats ?? {}));
}

const news = new EventSource("/api/events");
news.onmessage = (event) => take(JSON.parse(event.data));
news.onerror = () => trouble("The demo does not answer. Is it still running?");
news.onopen = () => trouble("");
