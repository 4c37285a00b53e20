// Everything works without it.
"use strict";

const byId = id => document.getElementById(id), copy = id => byId(id).content.cloneNode(true);
const on = (names, run, capture) => names.split(" ").forEach(name => document.addEventListener(name, run, capture));
const dialog = byId("send"), stop = e => { e.preventDefault(); e.stopPropagation(); };

/* hx-swap="caret", or "whole" for all: undo stays, and what was typed meanwhile. */
function insert(field, text, whole) {
  const had = document.activeElement, keep = had.matches(":focus-visible");
  field.focus({ preventScroll: true });
  if (whole) field.select();
  else field.setSelectionRange(field.selectionStart, field.selectionEnd);   // or Chromium undoes the words before, too
  document.execCommand("insertText", false, text);   // nothing else does
  if (text[0] === "\n") field.setSelectionRange(0, 0);
  if (keep) had.focus({ preventScroll: true });
}
htmx.registerExtension("caret", {
  handle_swap: (style, target, { textContent }) => insert(target, textContent, style === "whole") || true,
});

on("click", e => e.target.dataset.copies && document.execCommand("copy", byId(e.target.dataset.copies).select()));
/* What inserts leaves the caret. */
on("mousedown", e => e.target.closest("[data-insert]") && e.preventDefault());

/* data-opens="send": the dialog opens at once, htmx fills it. What is half written is kept. */
on("click", e => {
  const link = e.target.closest("[data-opens]"), box = link && byId(link.dataset.opens);
  if (!box || e.ctrlKey || e.metaKey || e.shiftKey) return;
  const slot = box.lastChild, form = byId("send-window"), { to } = link.dataset;
  if (box === dialog ? form?.body.value.replace(form.body.dataset.line, "").trim() || form?.querySelector(".file, .htmx-request") : slot.from === link.href) {
    stop(e);
    if (to && form.to.options) choose(form.to, to);
  } else slot.replaceChildren(copy("opening"));
  slot.from = link.href;
  box.showModal();
}, true);
on("side-done", () => {
  byId("side").close();
  byId("side-slot").from = "";
  byId("send-problem")?.replaceChildren(...byId("notices").children);
});
function choose(field, value) {
  field.value = value;
  htmx.trigger(field, "change");
}

/* Sent: close, or leave its own page. */
on("message-sent", () => {
  unsaved = false;
  if (!dialog) return location.assign(byId("send-window").dataset.back);
  dialog.close();
  byId("send-slot").replaceChildren();
});

/* htmx saves the draft after a pause; at once when the window or the page goes. */
let unsaved, ahead;   // of the draft, of the preview
on("input change files-changed", e => {
  if ((e.target.form || e.target).id === "send-window") unsaved = true, ahead ||= e.type === "input";
  if (e.type === "files-changed") htmx.trigger("#preview", "htmx:abort", {}, false);   // of the files before
});
/* What is being sent stands still. */
on("htmx:before:request htmx:finally:request", e => {
  const form = byId("send-window");
  if (form && /-window|-hand/.test(e.detail.ctx.sourceElement.id)) form.ariaBusy = form.body.readOnly = form.subject.readOnly = e.type < "htmx:f";
});
on("htmx:before:request", e => {
  const { sourceElement: { id }, request } = e.detail.ctx, form = byId("send-window"), draft = id === "draft-state";
  if (draft && form.matches(".htmx-request")) return e.preventDefault();
  if (draft || id === "preview") request.body = new URLSearchParams(new FormData(form));   // as it stands now
  if (draft) request.keepalive = (request.body + "").length < 6e4;
  if (draft || id === "discard") unsaved = false;
  ahead &&= id !== "preview";
});
const keep = () => { if (unsaved || document.querySelector("#draft-said .toast")) htmx.trigger("#send-window", "keep"); };
on("close", keep, true);
onpagehide = keep;

/* fetch cannot tell how far a file is. */
function upload(form, file) {
  const row = copy("uploading").firstElementChild, [name, bar] = row.children, data = new FormData(), xhr = new XMLHttpRequest();
  name.textContent = bar.ariaLabel = file.name;
  byId("uploads").append(row);
  htmx.trigger("#send-window", "files-changed");
  xhr.upload.onprogress = p => { bar.value = p.loaded / p.total; };
  xhr.onloadend = () => {
    if (xhr.status === 200) byId("files").append(row);
    if (/^\s*<li/.test(xhr.responseText)) row.outerHTML = xhr.responseText;
    else row.replaceChildren(name, copy("not-uploaded"));
    htmx.trigger("#send-window", "files-changed");
  };
  xhr.open("POST", form.dataset.upload);
  xhr.setRequestHeader("x-csrftoken", form._csrf_token.value);
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
  const b = e.target.closest("[data-dismiss], [data-empties], [data-template], [name=pick], [name=detach]:not([hx-post]), [commandfor]");
  if (!b || b.commandForElement) return;
  stop(e);
  b.closest("[popover]")?.hidePopover();
  const { template, empties } = b.dataset;
  if (b.name === "pick") byId("channel-" + b.value).click();
  else if (template) choose(byId("template"), template);
  else if (empties) {
    byId(empties).replaceChildren();
    byId("tracks-b").focus();
  } else if (b.matches("[commandfor]")) b.closest("dialog").close();   // Safari before 26.2
  else {
    b.closest(".toast, .file").remove();
    if (b.name) htmx.trigger("#send-window", "files-changed");
  }
}, true);

/* With Shift, all rows since the last tick follow this one. */
let last;
on("click", e => {
  const box = e.target, all = [...document.querySelectorAll("[name=listing_ids]")], from = all.indexOf(last), to = all.indexOf(box);
  if (to < 0) return;
  if (e.shiftKey && from >= 0) for (const n in all) if ((n - from) * (n - to) <= 0) all[n].checked = box.checked;
  last = box;
});

/* {{ lists what can go in: a value, else its token. */
const listOf = field => byId(field.getAttribute("aria-controls"));
function complete(field, list) {
  const typed = /\{\{\s*([\w. ]*)$/.exec(field.value.slice(0, field.selectionStart))?.[1].toLowerCase();
  const found = [...field.form.querySelectorAll("[name=insert]")].filter(b => (b.value + b.textContent).toLowerCase().includes(typed));
  list.replaceChildren(...found.slice(0, 7).map((b, n) => {
    const option = copy("completion").firstElementChild;
    option.id = list.id + n;
    option.prepend(b.querySelector("span").firstChild.textContent);
    option.lastChild.textContent = b.dataset.value || `{{${b.value}}}`;
    return option;
  }));
  list.togglePopover(found.length);
  mark(field, list.firstChild);
}
function mark(field, option) {
  for (const one of listOf(field).children) one.ariaSelected = one === option;
  field.setAttribute("aria-activedescendant", option?.id || "");
}
function take(field, option) {
  field.setSelectionRange(field.value.lastIndexOf("{{", field.selectionStart), field.selectionEnd);
  insert(field, option.lastChild.textContent);
}
on("input focusout click", e => {
  const list = e.target.matches("textarea") && listOf(e.target), option = e.target.closest("[role=option]");
  if (option) take(document.activeElement, option);
  else if (list) e.type === "input" ? complete(e.target, list) : list.hidePopover();
});

/* Enter in a search takes the first. */
function first(field) {
  if (listOf(field).dataset.q === field.value.trim()) listOf(field).querySelector(".hit, .emoji")?.click();
  else if (field.matches(":focus")) setTimeout(first, 50, field);
}

/* Keys: in that list; Ctrl+Enter, once; / at the start of a text; arrows in a [data-grid]. */
on("keydown", e => {
  const field = e.target, form = byId("send-window"), open = document.querySelector(":popover-open"), list = open?.matches("[role=listbox]") && open;
  const grid = field.closest("[data-grid]"), step = { ArrowDown: 1, ArrowUp: -1, ArrowRight: 2, ArrowLeft: -2 }[e.key];
  if (open && e.key === "Escape") open.hidePopover();   // WebKit closes more, or nothing
  else if (list) {
    const at = list.querySelector("[aria-selected=true]");
    if (step === 1) mark(field, at.nextSibling || list.firstChild);
    else if (step === -1) mark(field, at.previousSibling || list.lastChild);
    else if (e.key === "Enter" || e.key === "Tab") take(field, at);
    else return;
  } else if (e.key === "Enter" && (e.ctrlKey || e.metaKey) && field.closest("#send-window")) {
    if (!e.repeat && (ahead || form.querySelector("#send-go:enabled, #preview.htmx-request"))) form.requestSubmit();
  } else if (e.key === "Enter" && field.type === "search" && listOf(field)) {
    first(field);
  } else if (e.key === "/" && form?.checkVisibility() && !field.closest("#side, [popover]") && !field.matches("input, select") && !field.selectionEnd) {
    byId("find-b").click();
  } else if (grid && step && !(step % 2 === 0 && field.type === "search")) {
    const all = [...grid.querySelectorAll("[type=search], button:enabled, a")].filter(one => one.checkVisibility());
    const across = step % 2 ? all.filter(one => one.offsetTop === field.offsetTop).length : .5;
    all[all.indexOf(field) + step * across]?.focus();
  } else return;
  stop(e);
}, true);

/* No swap loses the focus. */
let had;
on("htmx:before:swap", () => { had = document.activeElement; });
on("htmx:after:swap", e => {
  const body = byId("body"), { target } = e.detail.ctx;
  if (!body?.checkVisibility()) return;
  if (target?.id === "beside") byId("tracks").hidePopover(), target.focus();
  else if (!had.isConnected && document.activeElement === document.body) body.focus();
  if (/^send-s/.test(target?.id) && body.value[0] > "\n") body.setSelectionRange(1e9, 1e9);
});

/* [data-left] counts down; the server holds the clock. */
setInterval(() => {
  for (const left of document.querySelectorAll("[data-left]")) {
    if (--left.textContent < 0) left.closest("[data-expires]").remove();
  }
}, 1000);

/* No answer: say so where one looks; [data-quiet] marks the view as stale. */
const stale = yes => document.documentElement.classList.toggle("is-stale", yes);
on("htmx:error", e => {
  const source = e.detail.ctx?.sourceElement;
  if (!source || source.closest("[data-quiet]")) return stale(true);
  if (source.matches("[data-opens]")) return location.assign(source.href);
  (source.id === "draft-state" && byId("draft-said") || dialog?.open && byId("send-problem") || byId("notices")).replaceChildren(copy("no-answer"));
});
on("htmx:after:request", e => {
  const { sourceElement, response } = e.detail.ctx;
  if (sourceElement.closest("[data-quiet]")) stale(!response.raw.ok);
});
on("htmx:sse:error htmx:sse:after:connection", e => stale(e.type === "htmx:sse:error"));
