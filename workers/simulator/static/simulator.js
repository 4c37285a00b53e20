// Keeps the page fresh: the parts marked data-live are fetched again whenever the simulator says that something changed.
(() => {
  const screen = document.querySelector(".screen");
  const bottom = () => screen && screen.scrollTo(0, screen.scrollHeight);
  let busy = false, again = false;

  async function refresh() {
    if (busy) { again = true; return; }
    busy = true;
    try {
      // Not the address bar's: after a refused form that is the form's.
      const answer = await fetch(document.body.dataset.url);
      if (answer.ok) {
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        const low = screen && screen.scrollHeight - screen.scrollTop - screen.clientHeight < 60;
        for (const part of document.querySelectorAll("[data-live]")) {
          const now = fresh.getElementById(part.id);
          if (now && now.innerHTML !== part.innerHTML && !part.contains(document.activeElement)) part.innerHTML = now.innerHTML;
        }
        if (low) bottom();
      }
    } catch { /* the simulator is restarting; the stream calls again */ }
    busy = false;
    if (again) { again = false; refresh(); }
  }

  bottom();
  const box = document.getElementById("text");
  if (box) {
    box.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) box.form.requestSubmit();
    });
  }
  const changes = new EventSource("/changes");
  changes.onmessage = refresh;
  changes.onerror = () => setTimeout(refresh, 1000);
})();
