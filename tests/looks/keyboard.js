// Marks everything that a keyboard has to reach and gives the marks in the order in which they stand on the page.
// One group of radio buttons or tabs is one stop: arrows go on from there.
(() => {
  const shown = (element) => {
    const box = element.getBoundingClientRect();
    return element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && box.width > 1 && box.height > 1;
  };
  const parts = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary, [role=button], [role=radio], [role=tab]')];
  let number = 0;
  const marks = [];
  for (const part of parts) {
    if (!shown(part) && !(part.type === 'checkbox' || part.type === 'radio' || part.type === 'file')) continue;
    if (part.closest('[disabled], [aria-disabled="true"], [inert], [aria-hidden="true"]')) continue;
    // The arrow of a list to choose from: its field does the same.
    if (part.tabIndex < 0 && part.closest('[data-testid^="st"]')?.querySelector('input')) continue;
    const group = part.closest('[role=radiogroup], [role=tablist], [role=toolbar]');
    const sibling = group?.querySelector('[data-stop]') || (part.type === 'radio' &&
      [...document.getElementsByName(part.name)].find((radio) => radio.dataset.stop));
    if (sibling) {
      part.dataset.stop = sibling.dataset.stop;
      continue;
    }
    part.dataset.stop = String(++number);
    marks.push([part.dataset.stop, (part.textContent || part.getAttribute('aria-label') || part.name || part.outerHTML).trim().slice(0, 50)]);
  }
  return marks;
})()
