// Says beside each slider what it is set to. Without this script the page works; the value is said after Run.
"use strict";
document.addEventListener("input", (event) => {
  const slider = event.target;
  if (slider.type !== "range") return;
  const said = document.querySelector(`output[for="${slider.id}"]`);
  if (said) said.value = Number(slider.value).toFixed(slider.dataset.digits);
});
