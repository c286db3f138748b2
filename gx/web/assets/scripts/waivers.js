// Take a waiver back, with a reason.
import { onSubmit, told } from "./elements.js";
import { ask } from "./page.js";

for (const form of document.querySelectorAll("[data-withdraw]")) {
  onSubmit(form, async () => {
    told("Withdrawing …");
    await ask("POST", `/waivers/${form.dataset.withdraw}/withdraw`, {
      reason: form.elements.reason.value,
    });
    window.location.reload();
  });
}
