// A text area of Streamlit's tells the server what was typed when it is left, or by Ctrl+Enter. In a container whose key
// begins with "live-" a pause in typing is enough, so that limits and advice follow while somebody writes.
(() => {
  if (window.postagentTyping) return;
  window.postagentTyping = true;
  const enter = { key: "Enter", code: "Enter", ctrlKey: true, bubbles: true, cancelable: true };
  let pause;
  document.addEventListener("input", ({ target }) => {
    if (!(target instanceof HTMLTextAreaElement) || !target.closest('[class*="st-key-live-"]')) return;
    clearTimeout(pause);
    pause = setTimeout(() => target.dispatchEvent(new KeyboardEvent("keydown", enter)), 500);
  });
})();
