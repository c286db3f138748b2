// Rename and delete a suite, with a reason.
import { byId, onSubmit, told } from "./elements.js";
import { ask, PAGE } from "./page.js";

const path = `/suites/${encodeURIComponent(PAGE.name)}`;

function ready(name, said, act) {
  const form = byId(name);
  if (!form) return; // for readers, and where the suite is needed
  onSubmit(form, async () => {
    told(said);
    const { to, reason } = form.elements;
    const given = { base_sha256: PAGE.sha256, reason: reason.value };
    await act(to ? { to: to.value, ...given } : given);
  });
}

ready("rename", "Renaming …", async (given) => {
  const made = await ask("POST", `${path}/rename`, given);
  window.location = `${PAGE.base}/suites/${encodeURIComponent(made.name)}`;
});

ready("delete", "Deleting …", async (given) => {
  await ask("POST", `${path}/delete`, given);
  window.location = `${PAGE.base}/suites/${encodeURIComponent(PAGE.name)}/history`;
});
