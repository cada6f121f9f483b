/** Owns what the development page does in the browser. Kept as text because the compiler copies no assets; served as a file. */

/** Plain browser JavaScript. It reads its settings from the `#settings` data block that `page.ts` writes. */
export const PAGE_SCRIPT = String.raw`"use strict";
(() => {
  const { endpoint, callers, examples, styleNonce } = JSON.parse(document.getElementById("settings").textContent);
  // The library inside GraphiQL that locks scrolling under a dialog signs its style element with this global.
  globalThis.__webpack_nonce__ = styleNonce;

  const CALLER_KEY = "tenant-registry:caller";

  const callerMenu = document.getElementById("caller");
  const callerDescription = document.getElementById("caller-description");
  const examplesButton = document.getElementById("examples-button");
  const examplesPanel = document.getElementById("examples");
  const examplesList = document.getElementById("examples-list");
  const root = ReactDOM.createRoot(document.getElementById("graphiql"));

  // One fetcher per caller and not one per page: GraphiQL reads the schema again when the fetcher changes.
  let fetcher;

  function fetcherOf(caller) {
    return async (request, options) => {
      const headers = new Headers({
        accept: "application/graphql-response+json, application/json;q=0.9",
        "content-type": "application/json",
      });
      if (caller.token) headers.set("authorization", "Bearer " + caller.token);
      // What somebody types into the Headers tab wins over the menu.
      for (const [name, value] of Object.entries(options?.headers ?? {})) headers.set(name, value);
      const response = await fetch(endpoint, { method: "POST", headers, body: JSON.stringify(request) });
      const text = await response.text();
      try {
        return JSON.parse(text);
      } catch {
        throw new Error("HTTP " + response.status + " " + response.statusText + "\n" + text);
      }
    };
  }

  function chooseCaller(name) {
    const caller = callers.find((one) => one.name === name) ?? callers[0];
    callerMenu.value = caller.name;
    callerDescription.textContent = caller.description;
    callerDescription.title = caller.description;
    localStorage.setItem(CALLER_KEY, caller.name);
    fetcher = fetcherOf(caller);
  }

  function Page({ fetcher, example }) {
    // GraphiQL has copied the example by now, because effects run from the inside out: the tab belongs to the person.
    React.useEffect(() => {
      if (!example) return;
      render();
      document.querySelector(".graphiql-query-editor textarea").focus();
    }, [example]);
    return React.createElement(
      GraphiQL,
      {
        fetcher,
        // GraphiQL copies these two into the open tab when they change, and leaves the tab alone while they are absent.
        query: example?.query,
        variables: example && (example.variables ?? ""),
        defaultTabs: [{ query: examples[0]?.query ?? "" }],
        defaultQuery: "",
        defaultEditorToolsVisibility: "variables",
        forcedTheme: "system",
      },
      React.createElement(GraphiQL.Logo, null, React.createElement("span")),
    );
  }

  function render(example) {
    root.render(React.createElement(Page, { fetcher, example }));
  }

  function openExample(example) {
    // GraphiQL's browser build hands out no way to open a tab, so this presses its button. GraphiQL empties the editors
    // inside a state updater, which React may run a second time together with updates that were waiting. From a timer
    // this rendering has the same priority as those, so it comes with or after the second run and is not emptied by it.
    ReactDOM.flushSync(() => document.querySelector(".graphiql-tab-add").click());
    setTimeout(() => render(example));
  }

  for (const caller of callers) callerMenu.add(new Option(caller.name));
  callerMenu.addEventListener("change", () => {
    chooseCaller(callerMenu.value);
    render();
  });

  // Under its button, where the window is wide enough; anchor positioning in CSS is not yet in every browser.
  examplesPanel.addEventListener("toggle", () => {
    const room = document.documentElement.clientWidth - examplesPanel.offsetWidth - 16;
    examplesPanel.style.left = Math.min(examplesButton.offsetLeft, room) + "px";
  });
  for (const example of examples) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = example.title;
    button.addEventListener("click", () => {
      examplesPanel.hidePopover();
      openExample(example);
    });
    item.append(button);
    examplesList.append(item);
  }

  chooseCaller(localStorage.getItem(CALLER_KEY));
  render();
})();
`;
