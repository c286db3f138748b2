// Add a comment to a run's report.
import { onSubmit, told } from "./elements.js";
import { ask, PAGE } from "./page.js";

const form = document.getElementById("comment");
if (form) {
  onSubmit(form, async () => {
    told("Saving …");
    try {
      await ask("POST", `${PAGE.run}/comments`, {
        text: form.elements.text.value,
        seen: PAGE.seen,
      });
    } catch (error) {
      if (error.answer?.seen !== undefined) PAGE.seen = error.answer.seen;
      throw error;
    }
    window.location.hash = "comments";
    window.location.reload();
  });
}
