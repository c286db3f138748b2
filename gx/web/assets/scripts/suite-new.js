// Draft a suite from bars, then open it in the editor.
import {
  askAccepting,
  byId,
  datasetOptions,
  el,
  offerSymbols,
  onSubmit,
  told,
} from "./elements.js";
import { PAGE } from "./page.js";

const form = document.getElementById("draft");
if (form) {
  document
    .getElementById("known-symbols")
    .append(...PAGE.symbols.map((name) => el("option", { value: name })));
  const dataset = form.elements.dataset;
  dataset.append(...datasetOptions());
  byId("of-dataset").hidden = PAGE.datasets.length < 2;
  dataset.addEventListener("change", () => offerSymbols(byId("known-symbols"), dataset.value));
  const original = form.elements.copy_of;
  original.append(
    ...PAGE.suites.map((name) => el("option", { value: name }, `as a copy of ${name}`)),
  );
  const shown = () => {
    byId("from-data").hidden = Boolean(original.value);
  };
  original.addEventListener("change", shown);
  original.value =
    PAGE.suites.find((name) => name === new URLSearchParams(location.search).get("of")) ?? "";
  shown();
  onSubmit(form, async () => {
    const given = Object.fromEntries(new FormData(form));
    told(given.copy_of ? "Copying …" : "Reading the bars and drafting …");
    const made = await askAccepting(form, "POST", "/suites", {
      name: given.name,
      ...(given.copy_of ? { copy_of: given.copy_of } : {}),
      ...(given.dataset ? { dataset: given.dataset } : {}),
      start: given.start,
      end: given.end,
      symbols: given.symbols
        .split(",")
        .map((name) => name.trim())
        .filter(Boolean),
    });
    window.location = `${PAGE.base}/suites/${encodeURIComponent(made.name)}`;
  });
}
