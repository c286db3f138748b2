// In a frame whose address is a blob, a link to a part of the page would leave it.
document.addEventListener("click", function (event) {
  var link = event.target.closest('a[href^="#"]');
  if (!link) return;
  event.preventDefault();
  var target = document.getElementById(link.getAttribute("href").slice(1));
  if (!target) return;
  target.scrollIntoView();
  target.focus({ preventScroll: true });
});
