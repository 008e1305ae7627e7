// Times in the viewer's zone. Everything else works without a script, and so do they: in the server's zone.
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
  }

  show(document);
  const zone = document.getElementById("zone");
  if (zone) zone.textContent = format.resolvedOptions().timeZone;
  document.addEventListener("htmx:load", (event) => show(event.detail.elt.parentElement ?? document));
})();
