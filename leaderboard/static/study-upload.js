/* Shows how much of a sealed study has been sent. Without it the form is sent as it is. */
"use strict";

(() => {
  const form = document.getElementById("bring");
  if (!form) return;
  const bar = document.getElementById("bring-progress");
  const said = document.getElementById("bring-said");
  const button = form.querySelector("button");

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const request = new XMLHttpRequest();
    button.disabled = true;
    bar.hidden = false;
    request.upload.addEventListener("progress", (sent) => {
      if (!sent.lengthComputable) return;
      bar.value = sent.loaded / sent.total;
      const share = Math.floor(bar.value * 100);
      said.textContent = share < 100 ? `${share}% sent` : "Sent. It is read and checked now.";
    });
    request.addEventListener("load", () => {
      const page = new DOMParser().parseFromString(request.responseText, "text/html");
      document.querySelector("main").replaceWith(page.querySelector("main"));
      document.title = page.title;
      history.pushState(null, "", request.responseURL);
    });
    request.addEventListener("error", () => {
      button.disabled = false;
      said.textContent = "The site does not answer. Send it again.";
    });
    request.open("POST", location.href);
    request.send(new FormData(form));
  });
})();
