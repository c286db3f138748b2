document.addEventListener("click", function (event) {
  var link = event.target.closest('a[href^="#"]');
  if (!link) return;
  event.preventDefault();
  var target = document.getElementById(link.getAttribute("href").slice(1));
  if (target) target.scrollIntoView();
});
document.querySelectorAll("input[data-filters]").forEach(function (box) {
  var rows = document.querySelectorAll("#" + box.dataset.filters + " > tbody > tr");
  box.hidden = false;
  box.addEventListener("input", function () {
    var words = box.value.toLowerCase().split(/\s+/);
    rows.forEach(function (row) {
      var text = row.textContent.toLowerCase();
      row.hidden = !words.every(function (word) { return text.includes(word); });
    });
  });
});
