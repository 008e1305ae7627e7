// Times in the viewer's zone, and calm for parts that are live. All pages work without this: times in the server's zone.
"use strict";
(() => {
  const format = new Intl.DateTimeFormat("en", {
    year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
  });

  function local(moment) {
    const part = Object.fromEntries(format.formatToParts(moment).map(({ type, value }) => [type, value]));
    return `${part.year}-${part.month}-${part.day} ${part.hour}:${part.minute}:${part.second}`;
  }

  function show(within) {
    for (const time of within.querySelectorAll("time[datetime]")) time.textContent = local(new Date(time.dateTime));
    for (const button of within.querySelectorAll("button[data-copy]")) button.hidden = !navigator.clipboard;
  }

  show(document);
  const zone = document.getElementById("zone");
  if (zone) zone.textContent = format.resolvedOptions().timeZone;

  // A part of the page that comes again as it was is left alone: nothing is read out twice, nothing closes.
  const last = new WeakMap();
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (last.get(detail.target) === detail.serverResponse) detail.shouldSwap = false;
    last.set(detail.target, detail.serverResponse);
  });

  // What somebody has opened stays open.
  let open = [];
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    open = [...detail.target.querySelectorAll("details[open][id]")].map((details) => details.id);
  });
  document.addEventListener("htmx:afterSwap", ({ detail }) => {
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    show(detail.target);
  });

  // The text of another element, to be pasted elsewhere.
  document.addEventListener("click", async ({ target }) => {
    if (!target.dataset?.copy) return;
    await navigator.clipboard.writeText(document.getElementById(target.dataset.copy).textContent);
    target.textContent = "Copied";
  });
})();
