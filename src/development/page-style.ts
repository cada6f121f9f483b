/** Owns how the bar of the development page looks. GraphiQL brings its own sheet; only its accent is set here, to match. */

/** Colours follow the operating system, as GraphiQL's do. */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --bar: #ffffff;
  --ink: #1c2536;
  --quiet: #5a6478;
  --line: #dde1e8;
  --field: #f4f6f9;
  --accent: #3056d3;
  --failed: #c8323c;
  --bar-height: 52px;
}
@media (prefers-color-scheme: dark) {
  :root {
    --bar: #19202d;
    --ink: #eceff5;
    --quiet: #a5afc2;
    --line: #38435a;
    --field: #263044;
    --accent: #8fabff;
    --failed: #ff8f8f;
  }
}

html, body { height: 100%; margin: 0; }
body {
  display: flex;
  flex-direction: column;
  background: var(--bar);
  color: var(--ink);
  font: 14px/1.4 Roboto, system-ui, sans-serif;
}

:is(.bar, .examples, .usage), :is(.bar, .examples, .usage) * { box-sizing: border-box; }
.bar {
  display: flex;
  flex: 0 0 var(--bar-height);
  align-items: center;
  gap: 12px;
  padding: 0 16px;
  border-bottom: 1px solid var(--line);
}
.mark { width: 24px; height: 24px; }
.product { margin: 0; font-size: 16px; font-weight: 500; letter-spacing: -0.01em; white-space: nowrap; }
.stage {
  padding: 1px 8px;
  border: 1px solid var(--line);
  border-radius: 999px;
  color: var(--quiet);
  font-size: 12px;
}
.caller { display: flex; align-items: center; gap: 10px; min-width: 0; margin-left: auto; }
.caller label { font-weight: 500; }
.caller-description {
  overflow: hidden;
  color: var(--quiet);
  font-size: 13px;
  text-overflow: ellipsis;
  white-space: nowrap;
}

.bar button, .bar select {
  height: 34px;
  padding: 0 12px;
  border: 1px solid var(--line);
  border-radius: 8px;
  background-color: var(--field);
  color: inherit;
  font: inherit;
  cursor: pointer;
}
.bar select { min-width: 170px; padding-right: 8px; }
.bar button:hover, .bar select:hover { border-color: var(--quiet); }
:is(.bar, .examples) :focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
.chevron { margin-left: 6px; color: var(--quiet); }

.examples, .usage {
  position: fixed;
  inset: calc(var(--bar-height) + 4px) auto auto 16px;
  max-height: calc(100vh - var(--bar-height) - 24px);
  margin: 0;
  overflow-y: auto;
  border: 1px solid var(--line);
  border-radius: 12px;
  background: var(--bar);
  color: inherit;
  box-shadow: 0 12px 32px rgb(15 23 42 / 20%);
}
.examples { width: min(340px, calc(100vw - 32px)); padding: 6px; }
.examples ul { margin: 0; padding: 0; list-style: none; }
.examples button {
  width: 100%;
  padding: 9px 12px;
  border: 0;
  border-radius: 8px;
  background: none;
  color: inherit;
  font: inherit;
  text-align: left;
  cursor: pointer;
}
.examples :is(button:hover, button:focus-visible) { background: var(--field); }

.usage { width: min(680px, calc(100vw - 32px)); padding: 14px 16px; }
.usage p { margin: 0; font-variant-numeric: tabular-nums; }
.usage svg { display: block; width: 100%; height: auto; margin-top: 10px; }
.usage svg[hidden] { display: none; }
.usage-line { stroke: var(--line); }
.usage-scale { fill: var(--quiet); font-size: 11px; }
.usage-column { fill: transparent; }
.usage-day:hover .usage-column { fill: var(--field); }
.usage-answered { background: var(--accent); fill: var(--accent); }
.usage-failed { background: var(--failed); fill: var(--failed); }
.usage .usage-legend { margin-top: 8px; color: var(--quiet); font-size: 12px; }
.usage-key { display: inline-block; width: 10px; height: 10px; margin: 0 6px 0 14px; border-radius: 2px; }
.usage-key:first-child { margin-left: 0; }

#graphiql { flex: 1; min-height: 0; }

.graphiql-container, .graphiql-dialog, .CodeMirror-info, .graphiql-tooltip, [data-radix-popper-content-wrapper] {
  --color-primary: 226, 65%, 51% !important;
}
@media (prefers-color-scheme: dark) {
  .graphiql-container, .graphiql-dialog, .CodeMirror-info, .graphiql-tooltip, [data-radix-popper-content-wrapper] {
    --color-primary: 226, 90%, 76% !important;
  }
  .graphiql-container .graphiql-execute-button > svg { color: #19202d; }
}

@media (max-width: 900px) { .caller-description, .stage { display: none; } }
@media (max-width: 560px) { .product, .caller label { position: absolute; clip-path: inset(50%); } }
`;

/** The product's mark: one registry, its tenants side by side behind their own walls. */
export const PAGE_ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">
  <rect width="24" height="24" rx="6" fill="#3056d3"/>
  <g fill="#fff"><rect x="5" y="5" width="14" height="3.5" rx="1"/><rect x="5" y="10.5" width="3.5" height="8.5" rx="1"/>
  <rect x="10.25" y="10.5" width="3.5" height="8.5" rx="1" opacity=".75"/><rect x="15.5" y="10.5" width="3.5" height="8.5" rx="1" opacity=".5"/></g>
</svg>
`;
