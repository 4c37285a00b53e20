// The only script we write. Everything here is an enhancement: each link and form works without it.
// Events it listens to: `message-sent` (HX-Trigger of a send), htmx 4's `htmx:error`, `htmx:response:error`, `htmx:after:request`,
// and of hx-sse 4 `htmx:sse:error`, `htmx:sse:after:connection`. Load order: htmx, hx-sse, this; plain tags at the end of <body>.
"use strict";

const dialog = document.getElementById("send"), slot = document.getElementById("send-slot");

/* 1. hx-swap="caret": put the answer's text at the caret of the target field. Undo-safe, keeps what was typed meanwhile. */
function insertAtCaret(field, text) {
  const had = document.activeElement, keep = had !== field && had.matches(":focus-visible");   // keyboard user on a button
  field.focus({ preventScroll: true });
  field.setSelectionRange(field.selectionStart, field.selectionEnd);   // or Chromium's undo takes the words typed before along
  // execCommand is the one way to keep the browser's undo history; setRangeText is the fallback.
  if (!document.execCommand("insertText", false, text)) {
    field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new InputEvent("input", { bubbles: true, inputType: "insertText", data: text }));
  }
  if (keep && had.isConnected) had.focus({ preventScroll: true });
}
htmx.registerExtension("caret", {
  handle_swap: (style, target, fragment) => style === "caret" && (insertAtCaret(target, fragment.textContent), true),
});

/* 2. A pointer press on an insert button must not steal the caret (or close a phone's keyboard). */
document.addEventListener("mousedown", e => { if (e.target.closest("[data-insert]")) e.preventDefault(); });

/* 3. Invoker commands (command/commandfor) where the browser lacks them (WebKitGTK 2.50, Safari before 26.2). */
if (!("commandForElement" in HTMLButtonElement.prototype)) document.addEventListener("click", e => {
  const b = e.target.closest("button[commandfor]"), t = b && document.getElementById(b.getAttribute("commandfor"));
  if (!t || b.disabled) return;
  const run = { "show-modal": () => t.showModal(), "close": () => t.close(b.value) }[b.getAttribute("command")];
  if (run) { e.preventDefault(); run(); }
});

/* 4. <a data-opens="send" hx-get=...>: open the dialog at once, htmx fills it. A half-written text is kept, not fetched over. */
document.addEventListener("click", e => {
  const link = e.target.closest("[data-opens]");
  if (!link || !dialog || e.button || e.ctrlKey || e.metaKey || e.shiftKey || e.altKey) return;
  const form = slot.querySelector("form"), to = new URL(link.href).searchParams.get("to");
  if (form?.elements.body?.value.trim()) {
    e.preventDefault();
    e.stopPropagation();
    const numbers = form.elements.to;
    if (to && numbers?.querySelector(`option[value="${CSS.escape(to)}"]`) && numbers.value !== to) {
      numbers.value = to;
      numbers.dispatchEvent(new Event("change", { bubbles: true }));
    }
  } else {
    slot.replaceChildren(document.getElementById("send-opening").content.cloneNode(true));
  }
  if (!dialog.open) dialog.showModal();
}, true);

/* 5. Sent: close the window. On the window's own page, go back to the vehicle. */
document.addEventListener("message-sent", () => {
  const form = document.getElementById("send-window");
  if (!dialog) { if (form) location.assign(form.dataset.back); return; }
  dialog.close();
  setTimeout(() => slot.replaceChildren());   // after htmx is done with the form: further events of the answer start from it
});

/* 6. Ctrl+Enter or Cmd+Enter sends. A held key repeats; a repeat never sends. */
document.addEventListener("keydown", e => {
  const form = e.target.closest("#send-window");
  if (!form || e.key !== "Enter" || !(e.ctrlKey || e.metaKey)) return;
  e.preventDefault();
  const go = document.getElementById("send-go");
  if (!e.repeat && go && !go.disabled) form.requestSubmit(go);
});

/* 7. Countdowns: <x data-expires>... <span data-left>10</span> ...</x> goes away at zero. The server holds the real clock. */
setInterval(() => {
  for (const left of document.querySelectorAll("[data-left]")) {
    const seconds = Number(left.textContent) - 1;
    if (seconds >= 0) left.textContent = seconds; else left.closest("[data-expires]")?.remove();
  }
}, 1000);
document.addEventListener("click", e => e.target.closest("[data-dismiss]")?.closest(".toast")?.remove());

/* 8. No answer: say so where the person looks. What refreshes by itself ([data-quiet]) only marks the view as stale. */
const stale = yes => document.documentElement.classList.toggle("is-stale", yes);
document.addEventListener("htmx:error", e => {
  const source = e.detail.ctx?.sourceElement;
  if (!source || source.closest("[data-quiet]")) return stale(true);
  if (source.matches("[data-opens]")) return location.assign(source.href);
  const say = document.getElementById("no-answer").content.cloneNode(true);
  (dialog?.open && document.getElementById("send-problem") || document.getElementById("notices")).replaceChildren(say);
});
document.addEventListener("htmx:after:request", e => {
  const { sourceElement, response } = e.detail.ctx;
  if (sourceElement.closest("[data-quiet]")) stale(!response.raw.ok);
});
document.addEventListener("htmx:sse:error", () => stale(true));
document.addEventListener("htmx:sse:after:connection", () => stale(false));
