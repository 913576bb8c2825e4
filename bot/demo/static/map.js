// The map: a dot for everybody, and who was asked in which wave. Every mark differs in shape and in
// what is written in it, not in colour alone.
import { $, el, state, sync } from "./common.js";
import { choose } from "./chats.js";

const SVG = "http://www.w3.org/2000/svg";
let watched = null; // the id of the request that was chosen; null follows the newest

function svg(name, attributes = {}, ...inside) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...inside);
  return made;
}

const SHAPES = {
  house: () => [svg("path", { d: "M-10 1 0-9 10 1H7V9H-7V1Z" }), svg("path", { class: "door", d: "M-2 9V4h4v5Z" })],
  asker: () => [svg("circle", { class: "glow", r: 19 }), svg("path", { d: "M-15 2 0-13 15 2H11V13H-11V2Z" }), svg("path", { class: "heart", d: "M0 9C-5 6-6 3-6 1a3 3 0 0 1 6-1 3 3 0 0 1 6 1c0 2-1 5-6 8Z" })],
  helper: () => [svg("circle", { r: 5.5 })],
  away: () => [svg("circle", { r: 4.5 })],
  organiser: () => [svg("path", { d: "M0-10 9.500-3 6 8H-6L-9.500-3Z" })],
  wave1: () => [svg("circle", { r: 11 }), number("1")],
  wave2: () => [svg("rect", { x: -10, y: -10, width: 20, height: 20, rx: 2 }), number("2")],
  wave3: () => [svg("path", { d: "M0-14 14 9H-14Z" }), number("3", 5)],
  street: () => [svg("path", { d: "M0-13 13 0 0 13-13 0Z" }), number("s")],
  going: () => [svg("circle", { class: "ring", r: 17 }), svg("path", { d: "M0-14 4-4.500 14-4 6 2.500 9 13 0 7-9 13-6 2.500-14-4-4-4.500Z" })],
  no: () => [svg("circle", { r: 9 }), svg("path", { class: "cross", d: "M-4-4 4 4M4-4-4 4" })],
};

function number(text, down = 4.5) {
  return svg("text", { y: down, "text-anchor": "middle" }, text);
}

function shapeOf(person, request) {
  if (request) {
    if (person.key === request.asker) return ["asker", "asked for help"];
    if (person.key === request.going) return ["going", "is going"];
    const mark = request.marks[person.key];
    if (mark) {
      if (mark.status === "declined") return ["no", "not today"];
      if (mark.why === "street") return ["street", "from the street chat"];
      return [`wave${Math.min(mark.wave, 3)}`, `asked in wave ${mark.wave}`];
    }
  }
  if (person.kind === "older") return ["house", "older neighbour"];
  if (person.kind === "organiser") return ["organiser", "organiser"];
  return person.away ? ["away", person.away] : ["helper", "not asked"];
}

const RANK = ["away", "helper", "house", "organiser", "no", "wave3", "wave2", "wave1", "street", "going", "asker"];
const NAMED = new Set(["asker", "going"]);

export function shown(now) {
  return now.requests.find((one) => one.id === watched) ?? now.requests[0];
}

export function drawMap(now) {
  const request = shown(now);
  const marked = now.people.map((person) => [person, ...shapeOf(person, request)]);
  marked.sort((one, other) => RANK.indexOf(one[1]) - RANK.indexOf(other[1]));
  $("dots").replaceChildren(...marked.map(([person, shape, words]) => {
    const label = NAMED.has(shape) ? [svg("text", { class: "name", y: -21, "text-anchor": "middle" }, person.first)] : [];
    const dot = svg("g", { class: `dot ${shape}`, transform: `translate(${person.x} ${person.y})` },
      svg("title", {}, `${person.name}: ${words}`), ...SHAPES[shape](), ...label);
    dot.addEventListener("click", () => choose(person.key, true));
    return dot;
  }));
  drawLine(now, request);
  drawWords(now, request);
}

function drawLine(now, request) {
  const from = now.people.find((person) => person.key === request?.going);
  const to = now.people.find((person) => person.key === request?.asker);
  if (!from || !to) return $("lines").replaceChildren();
  const bend = `${(from.x + to.x) / 2 + (to.y - from.y) * 0.18} ${(from.y + to.y) / 2 - (to.x - from.x) * 0.18}`;
  const d = `M${from.x} ${from.y}Q${bend} ${to.x} ${to.y}`;
  $("lines").replaceChildren(svg("path", { class: "way under", d }), svg("path", { class: `way${request.over ? " over" : ""}`, d }));
  return undefined;
}

function drawWords(now, request) {
  const name = (key) => now.people.find((person) => person.key === key)?.first ?? "Somebody";
  const box = $("which");
  const options = now.requests.map((one) => [`${one.id}`, () => el("option", { value: one.id }, `${name(one.asker)}: ${one.what}`)]);
  sync(box, [["newest", () => el("option", { value: "" }, "The newest request")], ...options]);
  box.value = watched ?? "";
  box.hidden = !options.length;
  if (!request) return;
  const asked = request.asked ? ` ${request.asked} asked, ${request.no} said no.` : "";
  $("stand").textContent = `${name(request.asker)} would like ${request.what}: ${request.state}.${asked}`;
  $("map-desc").textContent = `${$("stand").textContent} ` + Object.entries(request.marks)
    .map(([key, mark]) => `${name(key)}: wave ${mark.wave}, ${mark.status}`).join("; ");
}

$("which").addEventListener("change", (event) => {
  watched = event.target.value ? Number(event.target.value) : null;
  drawMap(state);
});

const SMALL = new Set(["helper", "away", "house", "organiser", "no"]);
const LEGEND = [
  ["asker", "asked for help"], ["wave1", "first wave"], ["wave2", "second wave"], ["wave3", "third wave"],
  ["going", "is going"], ["no", "said no"], ["helper", "helper"], ["away", "off duty"], ["house", "older neighbour"],
  ["organiser", "organiser"],
];
$("legend").append(...LEGEND.map(([shape, words]) =>
  el("li", {}, svg("svg", { viewBox: SMALL.has(shape) ? "-12 -12 24 24" : "-19 -19 38 38", "aria-hidden": "true" }, svg("g", { class: `dot ${shape}` }, ...SHAPES[shape]())), words)));
