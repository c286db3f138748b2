// A classic script, not a module: it is inlined into pages whose policy allows this text alone (by
// its hash), and which are read from files and frames that a module could import nothing from.
document.addEventListener("click", (event) => {
  const link = event.target.closest('a[href^="#"]');
  if (!link) return;
  event.preventDefault();
  const target = document.getElementById(link.getAttribute("href").slice(1));
  if (target) target.scrollIntoView();
});
for (const box of document.querySelectorAll("input[data-filters]")) {
  const rows = document.querySelectorAll(`#${box.dataset.filters} > tbody > tr`);
  box.hidden = false;
  box.addEventListener("input", () => {
    const words = box.value.toLowerCase().split(/\s+/);
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
  });
}
