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
