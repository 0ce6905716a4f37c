// No module: it runs where the others do not come, and says so. Browsers without modules run it too.
(function () {
  var told = false;
  /** @param {string} text @param {string} hint */
  function tell(text, hint) {
    var messages = document.getElementById("messages");
    if (told || !messages) return;
    told = true;
    var message = document.createElement("div");
    message.className = "message";
    [text, hint].forEach(function (line, index) {
      var paragraph = document.createElement("p");
      paragraph.textContent = line;
      if (index) paragraph.className = "hint-line";
      message.appendChild(paragraph);
    });
    messages.appendChild(message);
    var progress = document.getElementById("progress");
    if (progress) progress.className = "progress stopped";
  }
  window.addEventListener("error", function (event) {
    var part = event.target;
    if (part instanceof HTMLScriptElement) {
      tell("A part of this page did not come, or something else came in its place.",
        "See whether you are online; if you are, sign in to the network, or let the filter pass this site. Then reload the page.");
    }
  }, true);
  document.addEventListener("DOMContentLoaded", function () {
    if (!("noModule" in HTMLScriptElement.prototype)) tell("This browser is too old for the page.", "Any browser of 2023 or later shows it.");
  });
})();
