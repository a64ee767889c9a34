/* What the pages do beyond HTML: copy a digest, show times in the reader's zone, move the focus into a dialog
   and back. Everything works without it. */
(function () {
  "use strict";

  function copy(button) {
    navigator.clipboard.writeText(button.dataset.copy).then(function () {
      var icon = button.querySelector(".cs-icon");
      var said = document.getElementById("cs-said");
      icon.textContent = "check";
      if (said) said.textContent = "Copied";
      setTimeout(function () { icon.textContent = "content_copy"; }, 1500);
    });
  }

  function localTimes(root) {
    root.querySelectorAll("time[data-local]").forEach(function (element) {
      var at = new Date(element.dateTime);
      var options = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
      if (at.getFullYear() !== new Date().getFullYear()) options.year = "numeric";
      if (element.dataset.local === "date") { delete options.hour; delete options.minute; delete options.hourCycle; }
      element.textContent = new Intl.DateTimeFormat("en-GB", options).format(at);
      element.removeAttribute("data-local");
    });
  }

  function localMarks(root) {
    root.querySelectorAll("text[data-at]").forEach(function (element) {
      var isDay = element.dataset.form === "date";
      var options = isDay ? { day: "numeric", month: "short" } : { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
      element.textContent = new Intl.DateTimeFormat("en-GB", options).format(new Date(element.dataset.at));
      element.removeAttribute("data-at");
    });
  }

  // A part of a page that refreshes itself: what was folded open stays open, and a new headline is read out.
  var kept = null;

  function keep(root) {
    var headline = root.querySelector("[data-announce]");
    kept = {
      open: Array.from(root.querySelectorAll("details[open][id]"), function (one) { return one.id; }),
      headline: headline ? headline.textContent : ""
    };
  }

  function restore(root) {
    var headline = root.querySelector("[data-announce]");
    var said = document.getElementById("cs-said");
    kept.open.forEach(function (id) {
      var details = document.getElementById(id);
      if (details) details.open = true;
    });
    if (said && headline && headline.textContent !== kept.headline) said.textContent = headline.textContent;
    kept = null;
  }

  var opener = null;

  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-copy]");
    if (button) copy(button);
    if (event.target.closest("[aria-disabled='true']")) event.preventDefault();
    if (event.target.closest("[hx-target='#modal-content']")) opener = event.target.closest("[hx-target]");
    if (event.target.closest("[data-close]") && opener) opener.focus();
  });

  document.addEventListener("keydown", function (event) {
    var dialog = document.getElementById("cs-dialog");
    if (!dialog || dialog.offsetParent === null) return;
    if (event.key === "Escape" && opener) { opener.focus(); return; }
    if (event.key !== "Tab") return;
    var reachable = dialog.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea");
    var first = reachable[0];
    var last = reachable[reachable.length - 1];
    if (event.shiftKey && document.activeElement === first) { event.preventDefault(); last.focus(); }
    else if (!event.shiftKey && document.activeElement === last) { event.preventDefault(); first.focus(); }
  });

  document.addEventListener("htmx:afterSettle", function (event) {
    localTimes(event.target);
    localMarks(event.target);
    if (event.target.id !== "modal-content") return;
    setTimeout(function () {
      var wanted = event.target.querySelector("[aria-invalid=true], textarea, input:not([type=hidden]), select, button[type=submit]");
      if (wanted) wanted.focus();
    }, 60);
  });

  document.addEventListener("htmx:beforeSwap", function (event) {
    if (event.detail.shouldSwap && event.target.hasAttribute("data-watched")) keep(event.target);
    // The session has ended: what came back is the sign-in page, which belongs in the window.
    if (event.detail.xhr.responseURL.indexOf("/login/") === -1) return;
    event.detail.shouldSwap = false;
    window.location.reload();
  });

  document.addEventListener("htmx:responseError", function (event) {
    var form = document.querySelector("#cs-dialog form");
    if (!form || !form.contains(event.target)) return;
    var said = document.createElement("p");
    said.className = "cs-errors";
    said.setAttribute("role", "alert");
    said.textContent = event.detail.xhr.status === 429 ? event.detail.xhr.responseText
      : "This did not work. Reload the page and try again.";
    form.prepend(said);
  });

  document.addEventListener("htmx:afterSwap", function () {
    var part = document.querySelector("[data-watched]");
    if (kept && part) restore(part);
  });

  document.addEventListener("DOMContentLoaded", function () { localTimes(document); localMarks(document); });
})();
