// The only script we write: each link and form works without it. Loaded after htmx 4 and hx-sse 4.
"use strict";

const byId = id => document.getElementById(id);
const on = (names, run, capture) => names.split(" ").forEach(name => document.addEventListener(name, run, capture));
const make = (tag, facts) => Object.assign(document.createElement(tag), facts);
const dialog = byId("send"), stop = e => { e.preventDefault(); e.stopPropagation(); };

/* hx-swap="caret" keeps undo, and what was typed meanwhile. */
function insertAtCaret(field, text) {
  const had = document.activeElement, keep = had !== field && had.matches(":focus-visible");
  field.focus({ preventScroll: true });
  field.setSelectionRange(field.selectionStart, field.selectionEnd);   // or Chromium undoes the words before, too
  document.execCommand("insertText", false, text);   // deprecated, yet nothing else keeps undo
  if (keep) had.focus({ preventScroll: true });
}
htmx.registerExtension("caret", {
  handle_swap: (style, target, fragment) => style === "caret" && (insertAtCaret(target, fragment.textContent), true),
});

/* A press on what inserts must not steal the caret. */
on("mousedown", e => { if (e.target.closest("[data-insert], [role=listbox]")) e.preventDefault(); });

/* command="close" for browsers that lack it (WebKitGTK 2.50, Safari before 26.2). */
on("click", e => {
  const b = e.target.closest("[commandfor]");
  if (b && !b.commandForElement) b.closest("dialog").close();
});

/* data-opens="send": the dialog opens at once, htmx fills it. A half-written text is kept. */
on("click", e => {
  const link = e.target.closest("[data-opens]"), box = link && byId(link.dataset.opens);
  if (!box || e.button || e.ctrlKey || e.metaKey || e.shiftKey || e.altKey) return;
  const fields = box === dialog && byId("send-window")?.elements, to = new URL(link.href).searchParams.get("to");
  if (fields && fields.body.value.trim()) {
    stop(e);
    if (to && fields.to.options) choose(fields.to, to);
  } else byId(box.id + "-slot").replaceChildren(byId("opening").content.cloneNode(true));
  if (!box.open) box.showModal();
}, true);
on("side-done", () => {
  byId("side").close();
  byId("send-problem")?.replaceChildren(...byId("notices").children);
});
function choose(field, value) {
  field.value = value;
  htmx.trigger(field, "change");
}

/* Sent: close, or go back from the window's own page. */
on("message-sent", () => {
  unsaved = false;
  if (!dialog) return location.assign(byId("send-window").dataset.back);
  dialog.close();
  setTimeout(() => byId("send-slot").replaceChildren());   // its events still come
});

/* The draft: saved by htmx after a pause, and at once when the window closes or the page goes. */
let unsaved = false;
on("input change files-changed", e => { unsaved ||= (e.target.form || e.target).id === "send-window"; });
on("htmx:before:request", e => {
  const { sourceElement, request } = e.detail.ctx, form = byId("send-window");
  if (sourceElement.id === "draft-state") {
    if (form.matches(".htmx-request")) return e.preventDefault();   // it is being sent
    request.body = new URLSearchParams(new FormData(form));   // as it stands now
    request.keepalive = String(request.body).length < 6e4;
  } else if (sourceElement.id !== "discard") return;
  unsaved = false;
});
const keep = () => { if (unsaved) htmx.trigger("#send-window", "keep"); };
dialog?.addEventListener("close", keep);
addEventListener("pagehide", keep);

/* Files chosen, pasted or dropped go up by XMLHttpRequest: fetch cannot tell how far it is. */
function upload(form, file) {
  const row = make("li", { className: "file" }), data = new FormData(), xhr = new XMLHttpRequest();
  const bar = make("progress", { value: 0, ariaLabel: "Uploading " + file.name });
  row.append(file.name, bar);
  byId("uploads").append(row);
  xhr.upload.onprogress = p => { bar.value = p.loaded / p.total; };
  xhr.onloadend = () => {
    htmx.trigger("#preview", "htmx:abort");   // what is under way would take the row away again
    if (xhr.status === 200) byId("files").append(row);
    if ([200, 413, 422].includes(xhr.status)) row.outerHTML = xhr.responseText;
    else bar.replaceWith("could not be attached. Check your connection and try again.");
    htmx.trigger(form, "files-changed");
  };
  xhr.open("POST", form.dataset.upload);
  xhr.setRequestHeader("x-csrftoken", form.elements._csrf_token.value);
  data.append("file", file);
  xhr.send(data);
}
on("change paste dragover dragleave drop", e => {
  const form = e.target.closest?.("#send-window"), moved = e.clipboardData || e.dataTransfer;
  if (!form || (moved ? !moved.types.includes("Files") || moved.types.includes("text/plain") : !e.target.matches("[data-upload]"))) return;
  e.preventDefault();
  form.classList.toggle("dropping", e.type === "dragover");
  if (e.type.startsWith("drag")) return;
  for (const file of (moved || e.target).files) upload(form, file);
  if (!moved) e.target.value = "";
});

on("click", e => {
  const b = e.target.closest("[data-dismiss], [data-empties], [data-template], [name=pick]");
  if (!b) return;
  stop(e);
  b.closest("[popover]")?.hidePopover();
  const { template, empties } = b.dataset;
  if (b.name === "pick") byId("channel-" + b.value).click();
  else if (template) choose(byId("template"), template);
  else if (empties) {
    byId(empties).replaceChildren();
    byId("tracks-b").focus();
  } else b.closest(".toast, .file").remove();
}, true);

/* {{ lists what can go in: the value, in a template ([data-tokens]) the token. */
const listOf = field => byId(field.getAttribute("aria-controls"));
function complete(field, list) {
  const typed = /\{\{\s*([\w. ]{0,30})$/.exec(field.value.slice(0, field.selectionStart))?.[1].toLowerCase();
  const found = [...field.form.querySelectorAll("[name=insert]")].filter(b => (b.value + b.textContent).toLowerCase().includes(typed));
  list.replaceChildren(...found.slice(0, 7).map((b, n) => {
    const option = make("li", { id: list.id + n, role: "option", textContent: b.querySelector("span").firstChild.textContent });
    option.append(make("small", { textContent: !("tokens" in field.dataset) && b.dataset.value || `{{${b.value}}}` }));
    return option;
  }));
  list.togglePopover(found.length > 0);
  mark(field, list.firstChild);
}
function mark(field, option) {
  for (const one of listOf(field).children) one.ariaSelected = one === option;
  field.setAttribute("aria-activedescendant", option?.id || "");
}
function take(field, option) {
  field.setSelectionRange(field.value.lastIndexOf("{{", field.selectionStart), field.selectionEnd);
  insertAtCaret(field, option.lastChild.textContent);
}
on("input focusout click", e => {
  const list = e.target.matches("textarea[aria-controls]") && listOf(e.target), option = e.target.closest("[role=option]");
  if (option) take(document.activeElement, option);
  else if (list) e.type === "input" ? complete(e.target, list) : list.hidePopover();
});

/* Keys: in that list; Ctrl+Enter, once however long it is held; / for the templates; arrows in a [data-grid]. */
on("keydown", e => {
  const field = e.target, form = byId("send-window"), list = document.querySelector("[role=listbox]:popover-open");
  const grid = field.closest("[data-grid]"), step = { ArrowDown: 1, ArrowUp: -1, ArrowRight: 2, ArrowLeft: -2 }[e.key], go = byId("send-go");
  if (list) {
    const at = list.querySelector("[aria-selected=true]");
    if (step === 1) mark(field, at.nextSibling || list.firstChild);
    else if (step === -1) mark(field, at.previousSibling || list.lastChild);
    else if (e.key === "Enter" || e.key === "Tab") take(field, at);
    else if (e.key === "Escape") list.hidePopover();
    else return;
  } else if (e.key === "Enter" && (e.ctrlKey || e.metaKey) && field.closest("#send-window")) {
    if (!e.repeat && !go.disabled) form.requestSubmit(go);
  } else if (e.key === "Enter" && field.id === "find-q") {
    document.querySelector("[data-template]")?.click();
  } else if (e.key === "/" && form?.checkVisibility() && !field.closest("#side, [popover]") && !field.matches("input, select, textarea:not(:placeholder-shown)")) {
    byId("find-b").click();
  } else if (grid && step && !(step % 2 === 0 && field.type === "search")) {
    const all = [...grid.querySelectorAll("[type=search], button, a")].filter(one => one.checkVisibility() && !one.disabled);
    const across = step % 2 ? all.filter(one => one.offsetTop === field.offsetTop).length : .5;
    all[all.indexOf(field) + step * across]?.focus();
  } else return;
  stop(e);
}, true);

/* After a swap the focus is somewhere; what the text costs is said when that is news, after a pause. */
let had, said, pause;
on("htmx:before:swap", () => { had = document.activeElement; });
on("htmx:after:swap", e => {
  const counter = byId("counter"), heard = byId("heard"), body = byId("body"), { target } = e.detail.ctx;
  if (!counter?.checkVisibility()) return;
  if (target?.id === "beside") byId("tracks").hidePopover(), target.focus();
  else if (!had.isConnected && document.activeElement === document.body) body.focus();
  if (document.activeElement !== body && !body.selectionEnd) body.setSelectionRange(1e9, 1e9);
  clearTimeout(pause);
  pause = setTimeout(() => { if (said !== counter.dataset.say) heard.textContent = said = counter.dataset.say; }, 1000);
});

/* <x data-expires>... <span data-left>10</span>: counts down, then goes. The server holds the clock. */
setInterval(() => {
  for (const left of document.querySelectorAll("[data-left]")) {
    const seconds = left.textContent - 1;
    if (seconds >= 0) left.textContent = seconds; else left.closest("[data-expires]")?.remove();
  }
}, 1000);

/* No answer: say so where the person looks; what refreshes by itself ([data-quiet]) only marks the view as stale. */
const stale = yes => document.documentElement.classList.toggle("is-stale", yes);
on("htmx:error", e => {
  const source = e.detail.ctx?.sourceElement;
  if (source?.id === "draft-state") unsaved = true;
  if (!source || source.closest("[data-quiet]")) return stale(true);
  if (source.matches("[data-opens]")) return location.assign(source.href);
  (dialog?.open && byId("send-problem") || byId("notices")).replaceChildren(byId("no-answer").content.cloneNode(true));
});
on("htmx:after:request", e => {
  const { sourceElement, response } = e.detail.ctx;
  if (sourceElement.closest("[data-quiet]")) stale(!response.raw.ok);
});
on("htmx:sse:error", () => stale(true));
on("htmx:sse:after:connection", () => stale(false));
