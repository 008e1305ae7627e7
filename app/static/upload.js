// Shows how much of a file has been sent. Without a script the form is sent all the same.
"use strict";
(() => {
  const form = document.querySelector("form[data-upload]");
  const line = form.querySelector("[data-progress]");
  const [bar, words] = line.children;

  function say(sentence) {
    line.hidden = false;
    words.textContent = sentence;
  }

  function show(answer) {
    if (answer.responseURL !== form.action) {
      location.assign(answer.responseURL);
      return;
    }
    document.open();
    document.write(answer.responseText);
    document.close();
  }

  form.addEventListener("submit", (event) => {
    if (!form.elements.phone_list.files.length) return;
    event.preventDefault();
    const button = form.querySelector("button");
    const sending = new XMLHttpRequest();
    sending.upload.addEventListener("progress", ({ loaded, total }) => {
      bar.value = total ? loaded / total : 0;
      say(loaded < total ? `${Math.floor((100 * loaded) / total)} % sent` : "Sent; it is being read");
    });
    sending.addEventListener("load", () => show(sending));
    sending.addEventListener("error", () => {
      say("The connection was lost and nothing was queued: try again.");
      button.disabled = false;
    });
    button.disabled = true;
    say("Sending");
    sending.open("POST", form.action);
    sending.send(new FormData(form));
  });
})();
