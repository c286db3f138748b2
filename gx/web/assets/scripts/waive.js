// Accept failures of a run's report.
import { byId, counted, el, onSubmit, told } from "./elements.js";
import { ask, PAGE } from "./page.js";

const form = byId("waiver");

// A single bar's day is known: the days are for the others.
function showDays() {
  const only = form.elements.which?.value;
  for (const name of ["symbol", "first_date", "last_date"])
    form.elements[name].readOnly = Boolean(only);
}

for (const choice of form.querySelectorAll("[name=which]"))
  choice.addEventListener("change", showDays);
showDays();

onSubmit(form, async () => {
  told("Saving …");
  const given = new FormData(form);
  const made = await ask("POST", `${PAGE.run}/waivers`, {
    expectations: given.getAll("expectations"),
    only_bar: given.get("which") ?? "",
    ...Object.fromEntries(
      ["symbol", "first_date", "last_date", "expires", "reason"].map((name) => [
        name,
        given.get(name).trim(),
      ]),
    ),
  });
  byId("told").className = "good";
  byId("told").replaceChildren(
    `${counted(made.length, "waiver")} made: it counts from the next run on. `,
    el("a", { href: PAGE.back }, "Back to the report"),
  );
  form.reset();
  showDays();
});
