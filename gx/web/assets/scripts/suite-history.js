// Restore a version: an ordinary save with a reason.
import { askAccepting, onSubmit, told } from "./elements.js";
import { PAGE } from "./page.js";

for (const form of document.querySelectorAll("[data-restore]")) {
  onSubmit(form, async () => {
    told("Checking and saving …");
    try {
      await askAccepting(form, "POST", `/suites/${encodeURIComponent(PAGE.name)}/restore`, {
        version: form.dataset.restore,
        base_sha256: PAGE.sha256,
        reason: form.elements.reason.value,
      });
      window.location.reload();
    } catch (error) {
      if (error.status === 409) error.message += ". Reload this page first.";
      throw error;
    }
  });
}
