// All pages work without this. It adds copy buttons, lets a form show what it finds while one writes, and remembers in this
// browser, and nowhere else, which theme and which format of feeds was chosen.
"use strict";

function kept(name, value) {
  try {
    if (value !== undefined) localStorage.setItem("feedmill." + name, value);
    return localStorage.getItem("feedmill." + name) || "";
  } catch {
    return value || ""; // the browser lets nothing be kept
  }
}

function dress(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}
dress(kept("theme")); // before anything is shown

const say = Object.assign(document.createElement("p"), { className: "hidden" });
say.setAttribute("role", "status");

// copy puts text on the clipboard; without an encrypted page browsers only copy what is selected.
async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "hidden";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("not copied");
}

function button(text, what) {
  const b = document.createElement("button");
  b.type = "button";
  b.className = "copy";
  b.textContent = document.body.dataset.copy;
  b.setAttribute("aria-label", document.body.dataset.copy + ": " + what);
  b.addEventListener("click", async () => {
    await copy(text());
    b.textContent = say.textContent = document.body.dataset.copied;
    setTimeout(() => { b.textContent = document.body.dataset.copy; say.textContent = ""; }, 1500);
  });
  return b;
}

function addButtons(root) {
  for (const e of root.querySelectorAll("[data-copy]:not(body)")) {
    (e.closest("pre") || e).after(button(() => e.textContent, e.textContent));
  }
  for (const table of root.querySelectorAll("table[data-base]")) {
    table.tHead.rows[0].append(document.createElement("td"));
    for (const row of table.tBodies[0].rows) {
      const a = row.querySelector("a");
      const path = a.getAttribute("href").split("?")[0].replace(/\/$/, "").slice(table.dataset.prefix.length);
      row.insertCell().append(button(() => table.dataset.base + path + "." + (document.querySelector("[name=format]:checked")?.value || kept("format") || "atom"), a.textContent));
    }
  }
}

// live asks for the page that the form leads to, and takes over the parts of it that depend on the form.
function live(form) {
  let timer, asked;
  async function show() {
    const query = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (value.trim()) query.append(name, value);
    const address = form.getAttribute("action") + (query.size ? "?" + query : "");
    asked?.abort();
    asked = new AbortController();
    let page;
    try {
      const answer = await fetch(address, { signal: asked.signal, credentials: "omit" });
      page = new DOMParser().parseFromString(await answer.text(), "text/html");
    } catch {
      return; // the next letter is on its way, or the server is away: the button still works
    }
    const ids = form.dataset.live.split(" ");
    if (!page.getElementById(ids[0])) return; // too many at once: what is shown stays
    for (const id of ids) {
      const now = document.getElementById(id), next = page.getElementById(id);
      if (!now || !next) continue;
      const open = [...now.querySelectorAll("details")].map(d => d.open);
      now.replaceChildren(...next.childNodes);
      now.querySelectorAll("details").forEach((d, i) => { d.open = open[i] || d.open; });
      addButtons(now);
    }
    choose();
    for (const field of form.querySelectorAll("[name]")) {
      field.toggleAttribute("aria-invalid", !!document.getElementById("error-" + field.name)?.textContent);
    }
    const led = "link:is([rel=alternate], [rel=prev], [rel=next])";
    for (const l of document.querySelectorAll(led)) l.remove();
    document.head.append(...page.querySelectorAll(led));
    history.replaceState(null, "", address);
  }
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(show, 150);
  });
  form.addEventListener("submit", () => { // an address without empty fields
    for (const field of form.elements) if (field.name && !field.value.trim()) field.disabled = true;
  });
}
function choose() {
  const format = document.querySelector(`[name=format][value="${kept("format")}"]`);
  if (format) format.checked = true;
}

addEventListener("pageshow", () => {
  document.querySelectorAll("form :disabled").forEach(field => { field.disabled = false; });
  dress(kept("theme"));
  document.getElementById("theme").value = kept("theme");
  choose();
});

addEventListener("DOMContentLoaded", () => {
  document.body.append(say);
  addButtons(document);
  document.querySelectorAll("form[data-live]").forEach(live);
  const theme = document.getElementById("theme");
  theme.parentElement.hidden = false;
  theme.addEventListener("change", () => dress(kept("theme", theme.value)));
  addEventListener("change", e => { if (e.target.name === "format") kept("format", e.target.value); });
  if (location.hash === "#filter") document.querySelector("details.fold")?.setAttribute("open", "");
});
