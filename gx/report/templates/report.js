// A classic script, not a module: it is inlined into a page that may be a file or a blob, where the
// policy allows this text alone (by its hash) and a module would have nothing to import from.
// In a frame whose address is a blob, a link to a part of the page would leave it.
document.addEventListener("click", (event) => {
  const link = event.target.closest('a[href^="#"]');
  if (!link) return;
  event.preventDefault();
  const target = document.getElementById(link.getAttribute("href").slice(1));
  if (!target) return;
  target.scrollIntoView();
  target.focus({ preventScroll: true });
});

// Searching without this script would find nothing, so that the field is hidden until it is there.
for (const place of document.querySelectorAll(".find")) place.hidden = false;
for (const fold of document.querySelectorAll("details[open]")) fold.dataset.stays = "";

document.addEventListener("input", (event) => {
  if (!event.target.matches("[data-find]")) return;
  const section = event.target.closest("section");
  const sought = event.target.value.trim().toUpperCase();
  const rows = [...section.querySelectorAll(".symbols tbody tr")];
  for (const row of rows) row.hidden = !row.cells[0].textContent.toUpperCase().includes(sought);
  for (const fold of section.querySelectorAll("details")) {
    const found = fold.querySelector("tbody tr:not([hidden])") !== null;
    fold.hidden = !found;
    fold.open = sought === "" ? fold.dataset.stays !== undefined : found;
  }
  const found = rows.filter((row) => !row.hidden).length;
  section.querySelector(".find [role=status]").textContent =
    sought === "" ? "" : `${found.toLocaleString("en")} of ${rows.length.toLocaleString("en")}`;
});
