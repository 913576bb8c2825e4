// Doreen's phone: a screen, big keys, and answers to hand.
import { $, el, post, state, sync } from "./common.js";

const say = (text) => post("/api/type", { person: "doreen", text });
const field = $("write");

$("write-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = field.value.trim();
  if (text && (await say(text))) field.value = "";
});
for (const key of document.querySelectorAll(".keys button")) {
  key.addEventListener("click", () => {
    field.value += key.firstChild.textContent;
    field.focus();
  });
}
for (const sample of document.querySelectorAll("#samples button")) {
  sample.addEventListener("click", () => say(sample.textContent));
}

export function drawPhone(now) {
  const texts = $("texts");
  const lines = (now.chats.doreen ?? []).map((text) => [`${text.id}`, () => {
    const mine = text.by === "doreen";
    return el("li", { class: mine ? "mine" : "theirs" },
      el("span", { class: "hidden" }, mine ? "Doreen wrote: " : "The bot wrote: "), text.words,
      el("small", {}, text.at));
  }]);
  sync(texts, lines.length ? lines : [["none", () => el("li", { class: "none" }, "No texts yet.")]]);
  texts.scrollTop = texts.scrollHeight;
  const answers = (now.suggestions ?? []).map((one) =>
    el("button", { type: "button", on: { click: () => say(one.say) } }, one.label));
  const held = $("answers").contains(document.activeElement);
  $("answers").replaceChildren(...answers);
  if (held) ($("answers").firstChild ?? field).focus();
}
drawPhone(state);
