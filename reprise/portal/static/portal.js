// Pages work without this. It only says where the keyboard is after htmx has put another page in place.
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target !== document.body) return;
  document.querySelector("h1")?.focus();
});
