// What the parts of the page share.
export const state = { chats: {}, people: [], requests: [], log: [], coming: [], toasts: [] };
export const $ = (id) => document.getElementById(id);

/** Make an element: its attributes, then what is in it. Words are never read as HTML. */
export function el(name, attributes = {}, ...inside) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "on") for (const [event, act] of Object.entries(value)) made.addEventListener(event, act);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value != null) made.setAttribute(key, value);
  }
  made.append(...inside.filter((part) => part != null));
  return made;
}

/** Ask the demo to do something; what went wrong is said on the page. */
export async function post(path, what) {
  try {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(what),
    });
    if (!answer.ok) trouble((await answer.json()).error);
    return answer.ok;
  } catch {
    trouble("The demo does not answer. Is it still running?");
    return false;
  }
}

let hush;
export function trouble(words) {
  $("trouble").textContent = words;
  $("trouble").hidden = !words;
  clearTimeout(hush);
  if (words) hush = setTimeout(() => trouble(""), 6000);
}

/** Keep a log at its end, unless somebody has scrolled up in it to read. */
export function keepAtEnd(box, change) {
  const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 60;
  change();
  if (atEnd) box.scrollTop = box.scrollHeight;
}

/** Make a list show these lines, touching only what changed, so that a screen reader reads only
 *  what is new. A line is its sign (what it looks like) and a way to make it. */
export function sync(box, lines) {
  lines.forEach(([sign, make], place) => {
    const there = box.children[place];
    if (there?.dataset.sign === sign) return;
    const made = make();
    made.dataset.sign = sign;
    if (there) there.replaceWith(made); else box.append(made);
  });
  while (box.children.length > lines.length) box.lastChild.remove();
}
