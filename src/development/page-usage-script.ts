/** Owns the chart of use on the development page: what it asks, and how it is drawn. Kept as text because the compiler copies no assets; served as a file. */

/** Plain browser JavaScript, loaded after the page's own. It asks as the caller that the menu shows, again every second while it is open. */
export const PAGE_USAGE_SCRIPT = String.raw`"use strict";
(() => {
  const { endpoint, callers } = JSON.parse(document.getElementById("settings").textContent);
  const QUERY = "query Usage { myTenant { slug usage { day environment operations errors } } }";
  const CHOOSE = "Choose a tenant's caller, for instance its administrator.";
  const EVERY_MS = 1000;
  const DAYS = 30;
  const DAY_MS = 86400000;
  // In units of the drawing, which is scaled to the panel.
  const WIDTH = 600, HEIGHT = 190, LEFT = 44, TOP = 12, BOTTOM = 168;

  const button = document.getElementById("usage-button");
  const panel = document.getElementById("usage");
  const summary = document.getElementById("usage-summary");
  const legend = document.getElementById("usage-legend");
  const chart = document.getElementById("usage-chart");
  const callerMenu = document.getElementById("caller");
  let shown = "";
  let timer;
  // Counts how often it was opened and closed: what was asked before is nobody's any more.
  let turn = 0;

  async function ask() {
    const { token } = callers.find(({ name }) => name === callerMenu.value) ?? callers[0];
    const headers = { "content-type": "application/json", ...(token && { authorization: "Bearer " + token }) };
    const response = await fetch(endpoint, { method: "POST", headers, body: JSON.stringify({ query: QUERY }) });
    return response.json();
  }

  /** One entry for each of the last days, today's last, its environments added up. */
  function daysOf(usage, now) {
    const days = Array.from({ length: DAYS }, (_, at) => ({ day: new Date(now - (DAYS - 1 - at) * DAY_MS).toISOString().slice(0, 10), operations: 0, errors: 0, environments: [] }));
    for (const { day: named, environment, operations, errors } of usage) {
      const day = days.find(({ day }) => day === named);
      if (!day) continue;
      day.operations += operations;
      day.errors += errors;
      day.environments.push((environment ?? "no environment") + ": " + operations);
    }
    return days;
  }

  const counted = ({ operations, errors }) => operations + (operations === 1 ? " operation, " : " operations, ") + errors + (errors === 1 ? " error" : " errors");
  const total = (days) => ({ operations: days.reduce((sum, { operations }) => sum + operations, 0), errors: days.reduce((sum, { errors }) => sum + errors, 0) });

  /** The next of 1, 2, 5, 10, 20, ... above: a scale that people can read, and at least 10. */
  function scaleFor(most) {
    const tens = 10 ** Math.floor(Math.log10(Math.max(most, 10)));
    return [1, 2, 5, 10].map((step) => step * tens).find((step) => step >= most);
  }

  function element(name, attributes, ...children) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  function draw(days) {
    const top = scaleFor(Math.max(...days.map(({ operations }) => operations)));
    const height = (count) => (count / top) * (BOTTOM - TOP);
    const wide = (WIDTH - LEFT) / DAYS;
    const lines = [0, top / 2, top].flatMap((count) => {
      const y = BOTTOM - height(count);
      return [
        element("line", { class: "usage-line", x1: LEFT, x2: WIDTH, y1: y, y2: y }),
        element("text", { class: "usage-scale", x: LEFT - 6, y: y + 4, "text-anchor": "end" }, count.toLocaleString("en")),
      ];
    });
    const bars = days.map((day, at) => {
      const x = LEFT + at * wide;
      const [failed, whole] = [height(day.errors), height(day.operations)];
      const title = [day.day + (at === DAYS - 1 ? " (today)" : "") + ": " + counted(day), ...day.environments].join("\n");
      return element(
        "g",
        { class: "usage-day" },
        element("title", {}, title),
        // The whole column answers the mouse, also where there is no bar.
        element("rect", { class: "usage-column", x, y: TOP, width: wide, height: BOTTOM - TOP }),
        element("rect", { class: "usage-answered", x: x + 2, y: BOTTOM - whole, width: wide - 4, height: whole - failed }),
        element("rect", { class: "usage-failed", x: x + 2, y: BOTTOM - failed, width: wide - 4, height: failed }),
      );
    });
    const labels = [[0, "start"], [DAYS - 1, "end"]].map(([at, anchor]) =>
      element("text", { class: "usage-scale", x: anchor === "start" ? LEFT : WIDTH, y: HEIGHT - 6, "text-anchor": anchor }, days[at].day));
    chart.replaceChildren(...lines, ...bars, ...labels);
  }

  function show({ data, errors }) {
    const tenant = data?.myTenant;
    const days = tenant?.usage && daysOf(tenant.usage, Date.now());
    const said = days
      ? tenant.slug + ", the last " + DAYS + " days (UTC): " + counted(total(days)) + ". Today: " + counted(days.at(-1)) + "."
      : tenant ? errors?.[0]?.message ?? CHOOSE : CHOOSE;
    summary.textContent = said;
    chart.toggleAttribute("hidden", !days);
    legend.hidden = !days;
    if (days) draw(days);
  }

  async function refresh(mine) {
    const asked = callerMenu.value;
    const answer = await ask().catch(() => null);
    if (mine !== turn) return;
    // Somebody may have chosen another caller meanwhile; and what has not changed is left alone, with the title that is open over it.
    const key = asked + JSON.stringify(answer) + new Date().toISOString().slice(0, 10);
    if (asked === callerMenu.value && key !== shown) {
      shown = key;
      if (answer) show(answer);
      else summary.textContent = "The registry does not answer; what is drawn is what it said last.";
    }
    timer = setTimeout(refresh, EVERY_MS, mine);
  }

  panel.addEventListener("toggle", ({ newState }) => {
    clearTimeout(timer);
    turn += 1;
    if (newState !== "open") return;
    const room = document.documentElement.clientWidth - panel.offsetWidth - 16;
    panel.style.left = Math.min(button.offsetLeft, room) + "px";
    void refresh(turn);
  });
})();
`;
