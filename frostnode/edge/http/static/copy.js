// Adds a button that copies the whole of each shortened name. Without it, a click selects the name.
for (const name of navigator.clipboard ? document.querySelectorAll(".name-line [data-copy], dd [data-copy]") : []) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "copy";
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(name.dataset.copy);
    button.textContent = "copied";
    setTimeout(() => (button.textContent = "copy"), 2000);
  });
  name.after(" ", button);
}
