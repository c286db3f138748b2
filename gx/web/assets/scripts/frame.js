// Airflow shows these pages in an iframe that may open no window and leave no frame. A link marked
// data-leave is therefore followed by the page around it, which is of the same origin.
function outerDocument() {
  try {
    return window.parent !== window ? window.parent.document : null;
  } catch {
    return null; // framed by somebody else's page
  }
}

// Airflow is dark or light by its own switch, whatever the browser prefers; these pages are as it is.
function followScheme(outer) {
  const around = outer.documentElement;
  const follow = () => {
    document.documentElement.style.colorScheme = schemeOf(around.classList);
  };
  follow();
  new MutationObserver(follow).observe(around, { attributeFilter: ["class"] });
}

function schemeOf(classes) {
  return ["dark", "light"].find((name) => classes.contains(name)) ?? "";
}

const around = outerDocument();
if (around) followScheme(around);

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

// Who goes on finds the same link under the pointer, and under the next key, also where the page
// that came is shorter; at the last one the way back is there instead.
function keepPlace(place, same, words, top) {
  const links = [...place.querySelectorAll(same)];
  const next =
    links.find((link) => link.textContent === words) ?? place.querySelector(".pager a[href]");
  if (!next) return;
  window.scrollBy({ top: next.getBoundingClientRect().top - top, behavior: "instant" });
  next.focus({ preventScroll: true });
}

// Sorting and paging replace the table alone. Without this they load the whole page: the same links.
// A link that leads elsewhere (to a symbol's page, to a file) is a link.
document.addEventListener("click", async (event) => {
  const link = event.target.closest("[data-swap] a[href]:not([download])");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (new URL(link.href).pathname !== window.location.pathname) return;
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
  const [text, top] = [await answer.text(), link.getBoundingClientRect().top];
  const same = `a[${link.rel ? `rel="${link.rel}"` : "href"}]`;
  const words = link.textContent;
  place.innerHTML = text;
  place.setAttribute("aria-busy", "false");
  history.replaceState(null, "", link.href);
  keepPlace(place, same, words, top);
});
