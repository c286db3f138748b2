// Airflow shows these pages in an iframe that may open no window and leave no frame. A link marked
// data-leave is therefore followed by the page around it, which is of the same origin.
function outerDocument() {
  try {
    return window.parent !== window ? window.parent.document : null;
  } catch {
    return null; // framed by somebody else's page
  }
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-leave]");
  const outer = outerDocument();
  if (!link || !outer) return;
  event.preventDefault();
  const follow = outer.createElement("a");
  follow.href = link.href;
  if (link.dataset.leave === "new") {
    follow.target = "_blank";
    follow.rel = "noopener";
  }
  outer.body.append(follow);
  follow.click();
  follow.remove();
});

// Parts that may take a moment are fetched once the page is there.
for (const place of document.querySelectorAll("[data-load]")) {
  fetch(place.dataset.load, { headers: { accept: "text/html" } })
    .then((answer) => (answer.ok && !answer.redirected ? answer.text() : Promise.reject(answer)))
    .then((text) => {
      place.innerHTML = text;
    })
    .catch(() => {
      if (place.dataset.keep !== undefined) return; // what is there already says enough
      place.textContent = "This part could not be loaded. Reload the page to try again.";
    })
    .finally(() => place.setAttribute("aria-busy", "false"));
}

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
});

// Sorting and paging replace the table alone. Without this they load the whole page: the same links.
document.addEventListener("click", async (event) => {
  const link = event.target.closest("[data-swap] a[href]:not([download], .accept)");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const place = link.closest("[data-swap]");
  place.setAttribute("aria-busy", "true");
  const answer = await fetch(place.dataset.swap + new URL(link.href).search, {
    headers: { accept: "text/html" },
  });
  if (!answer.ok || answer.redirected) {
    window.location = link.href;
    return;
  }
  place.innerHTML = await answer.text();
  place.setAttribute("aria-busy", "false");
  history.replaceState(null, "", link.href);
});
