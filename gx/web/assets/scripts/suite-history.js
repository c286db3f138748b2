// Restore a version: an ordinary save with a reason.
import { askAccepting, told } from "./elements.js";
import { PAGE } from "./page.js";

for (const form of document.querySelectorAll("[data-restore]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    told("Checking and saving …");
    try {
      await askAccepting(form, "POST", `/suites/${encodeURIComponent(PAGE.name)}/restore`, {
        version: form.dataset.restore,
        base_sha256: PAGE.sha256,
        reason: form.elements.reason.value,
      });
      window.location.reload();
    } catch (error) {
      told(
        error.status === 409 ? `${error.message}. Reload this page first.` : error.message,
        "fault",
      );
      button.disabled = false;
    }
  });
}
