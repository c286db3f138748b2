// Runs at the head of MLflow's one page, before its own scripts. CHOICES and VIEW are put in by
// first_face.py.
(() => {
  try {
    for (const [key, value] of Object.entries(CHOICES)) {
      if (localStorage.getItem(key) === null) localStorage.setItem(key, value);
    }
  } catch {} // a browser that keeps nothing sees what MLflow shows it

  // The bare address of an experiment's runs leads to our saved view, once in a window: whoever
  // leaves the view for MLflow's own table stays there.
  const shown = new Set();
  const toView = async () => {
    const found = location.hash.match(/^#\/experiments\/(\d+)(?:\/runs)?\/?(?:\?(.*))?$/);
    if (!found || shown.has(found[1])) return;
    const query = new URLSearchParams(found[2] ?? "");
    if ([...query.keys()].some((name) => name !== "workflowType")) return;
    shown.add(found[1]);
    const here = location.hash;
    const answer = await fetch(`ajax-api/2.0/mlflow/experiments/get?experiment_id=${found[1]}`);
    const tags = answer.ok ? ((await answer.json()).experiment.tags ?? []) : [];
    const known = tags.some((tag) => tag.key === `mlflow.sharedViewState.${VIEW}`);
    if (!known || !location.hash.startsWith(here.split("?")[0])) return;
    location.replace(
      `#/experiments/${found[1]}/runs?workflowType=machine_learning` +
        `&viewStateShareKey=${VIEW}&compareRunsMode=TABLE`,
    );
  };
  for (const name of ["pushState", "replaceState"]) {
    const own = history[name].bind(history);
    history[name] = (...said) => {
      own(...said);
      toView();
    };
  }
  addEventListener("hashchange", toView);
  toView();
})();
