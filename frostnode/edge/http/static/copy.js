// Makes the buttons that copy work: of a shortened name the whole, of a block of code its text. Without it, a click selects the name.
function ready(button, text) {
  button.classList.add("ready");
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text());
    button.textContent = "copied";
    setTimeout(() => (button.textContent = "copy"), 2000);
  });
}
if (navigator.clipboard) {
  for (const button of document.querySelectorAll("button.copy")) {
    const source = button.closest("[data-copy-from]")?.querySelector("pre, .id") ?? button.previousElementSibling;
    ready(button, () => source.dataset.copy ?? source.textContent);
  }
}
