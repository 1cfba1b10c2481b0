// Every page works without this file. With it, the share dialog opens over the page, what moves is kept current, and
// j and k walk through a list.
"use strict";

// fetchPart asks for a page and returns the part of it with an id, or what an error page says; and whether it went well.
async function fetchPart(id, url, options) {
  const answer = await fetch(url, options);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return [page.getElementById(id) || page.querySelector(".error"), answer.ok];
}

// An element with data-live is made again after so many seconds, as the server sees it then.
function keepCurrent(element) {
  setTimeout(async () => {
    if (document.hidden) return keepCurrent(element);
    let fresh, ok = false;
    try {
      [fresh, ok] = await fetchPart(element.id, location.href);
    } catch { /* the server is away: the page says so, and asks again */ }
    element.classList.toggle("stale", !ok);
    if (!ok || element.contains(document.activeElement)) return keepCurrent(element);
    // A line that is read aloud stays as long as it says the same.
    const [was, is] = [element, fresh].map(e => e.querySelector("[role=status]"));
    element.dataset.live = fresh.dataset.live;
    if (was && is && was.textContent === is.textContent) is.replaceWith(was);
    element.replaceChildren(...fresh.childNodes);
    keepCurrent(element);
  }, 1000 * element.dataset.live);
}

// The share dialog shows the page of the link in it, and its forms stay there.
const dialog = document.createElement("dialog");
let changed = false;

async function show(url, options) {
  const [part, ok] = await fetchPart("sharing", url, options);
  changed ||= Boolean(options) && ok;
  const close = document.createElement("button");
  close.className = "close";
  close.textContent = "Done";
  close.onclick = () => dialog.close();
  dialog.replaceChildren(part, close);
  dialog.setAttribute("aria-label", "Sharing");
  if (!dialog.open) dialog.showModal();
  (part.querySelector("[autofocus]") || close).focus();
}

document.addEventListener("click", event => {
  const link = event.target.closest("a[data-dialog]");
  if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  show(link.href);
});
dialog.addEventListener("submit", event => {
  event.preventDefault();
  const form = event.target;
  show(form.action, { method: "POST", body: new URLSearchParams(new FormData(form, event.submitter)) });
});
dialog.addEventListener("click", event => { if (event.target === dialog) dialog.close(); });
dialog.addEventListener("close", () => { if (changed) location.reload(); });

// j and k walk through a list; Enter opens, as on every link.
document.addEventListener("keydown", event => {
  const step = { j: 1, k: -1 }[event.key];
  if (!step || event.metaKey || event.ctrlKey || event.altKey || dialog.open || event.target.matches("input, textarea, select")) return;
  const links = [...document.querySelectorAll(".item h3 a")];
  links[links.indexOf(document.activeElement) + step]?.focus();
});

document.body.append(dialog);
document.querySelectorAll("[data-live]").forEach(keepCurrent);
if (document.querySelector(".item")) document.querySelector(".hint").hidden = false;
