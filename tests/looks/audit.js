// What can be measured of a page that stands in the browser; an expression that gives a list of sentences.
// Colours are composited over what is really behind them; what cannot be seen or is switched off is not judged.
(() => {
  const faults = [];
  const words = (text) => text.trim().replace(/\s+/g, ' ').slice(0, 60);
  const paper = document.createElement('canvas').getContext('2d', { willReadFrequently: true });

  const colour = (text) => {
    // The canvas understands whatever notation the browser computes (rgb, color(srgb ...), oklab ...).
    paper.clearRect(0, 0, 1, 1);
    paper.fillStyle = text;
    paper.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = paper.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3]));
  const light = (rgb) => {
    const [r, g, b] = rgb.map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (a, b) => {
    const [low, high] = [light(a), light(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
  const hex = (rgb) => `#${rgb.map((v) => Math.round(v).toString(16).padStart(2, '0')).join('')}`;

  const shown = (element) => {
    const box = element.getBoundingClientRect();
    return element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && box.width > 1 && box.height > 1;
  };
  const ancestors = (element) => {
    const line = [];
    for (let e = element; e; e = e.parentElement) line.unshift(e);
    return line;
  };
  const root = colour(getComputedStyle(document.documentElement).colorScheme.includes('dark') &&
    matchMedia('(prefers-color-scheme: dark)').matches ? '#121212' : '#ffffff').slice(0, 3);

  // The text's colour and every ground it may stand on (a gradient has several), as the eye gets them.
  const seen = (element) => {
    let grounds = [root];
    let strength = 1;
    for (const e of ancestors(element)) {
      const style = getComputedStyle(e);
      const stops = style.backgroundImage.includes('gradient')
        ? style.backgroundImage.match(/(rgba?|color|oklab|oklch|hsla?)\([^()]*\)/g) || [] : [];
      const own = [style.backgroundColor, ...stops].map(colour);
      const opacity = Number(style.opacity);
      strength *= opacity;
      const layers = stops.length ? own.slice(1) : own;
      grounds = grounds.flatMap((ground) => layers.map((c) => over([c[0], c[1], c[2], c[3] * strength], ground)));
    }
    const ink = colour(getComputedStyle(element).color);
    return grounds.map((ground) => [over([ink[0], ink[1], ink[2], ink[3] * strength], ground), ground]);
  };

  const isOff = (element) => element.closest('[disabled], [aria-disabled="true"], [inert], [aria-hidden="true"]');
  const isIcon = (element) => element.closest('[data-testid="stIconMaterial"], [translate="no"]');

  const judge = (element, text) => {
    const style = getComputedStyle(element);
    const size = parseFloat(style.fontSize);
    const least = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    for (const [ink, ground] of seen(element)) {
      const found = ratio(ink, ground);
      if (found + 0.005 < least) {
        faults.push(`contrast: "${words(text)}" is ${hex(ink)} on ${hex(ground)}, ${found.toFixed(2)} of ${least}`);
        return;
      }
    }
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || element.closest('script, style, noscript, svg, canvas, option')) continue;
    if (!shown(element) || isOff(element) || isIcon(element)) continue;
    judge(element, node.data);
  }
  for (const field of document.querySelectorAll('input:not([type=hidden]), textarea, select')) {
    if (shown(field) && !isOff(field) && (field.value || field.placeholder)) judge(field, field.value || field.placeholder);
  }
  for (const chart of document.querySelectorAll('svg text')) {
    if (!shown(chart) || !chart.textContent.trim() || isOff(chart)) continue;
    const ground = seen(chart)[0][1];
    const fill = colour(getComputedStyle(chart).fill);
    const ink = over([fill[0], fill[1], fill[2], fill[3] * Number(getComputedStyle(chart).opacity)], ground);
    const found = ratio(ink, ground);
    if (found + 0.005 < 4.5) faults.push(`contrast: "${words(chart.textContent)}" of a chart is ${hex(ink)} on ${hex(ground)}, ${found.toFixed(2)} of 4.5`);
  }

  // Nothing wider than the screen, but in a box that scrolls by itself.
  const width = document.documentElement.clientWidth;
  const scrolls = (element) => ancestors(element.parentElement || element).some((e) =>
    !['HTML', 'BODY'].includes(e.tagName) && e.dataset.testid !== 'stMain' &&
    ['auto', 'scroll', 'hidden', 'clip'].includes(getComputedStyle(e).overflowX) &&
    e.getBoundingClientRect().right <= width + 1);
  const wide = [document.documentElement, document.querySelector('[data-testid="stMain"]')]
    .some((e) => e && e.scrollWidth > e.clientWidth + 1);
  if (wide) faults.push('width: the page scrolls sideways');
  for (const element of document.body.querySelectorAll('*')) {
    const box = element.getBoundingClientRect();
    if (box.right > width + 1 && box.width > 0 && box.left < width && shown(element) && !scrolls(element)) {
      faults.push(`width: <${element.tagName.toLowerCase()} class="${words(String(element.getAttribute('class') || ''))}"> ends at ${Math.round(box.right)} of ${width}`);
      break;
    }
  }

  if (!document.documentElement.lang) faults.push('language: <html> has no lang');
  if (!document.title.trim()) faults.push('title: the page has none');
  for (const image of document.querySelectorAll('img, [role="img"]')) {
    if (!shown(image) || image.closest('[aria-hidden="true"]')) continue;
    const named = image.getAttribute('alt') ?? image.getAttribute('aria-label') ?? image.getAttribute('aria-labelledby');
    const mark = image.closest('a, button, [data-testid="stLogo"], header');
    if (named === null || (named.trim() === '' && !mark)) faults.push(`alt: ${words(image.outerHTML)} says nothing`);
  }

  let before = 0;
  const headings = [...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].filter(shown);
  if (headings.filter((h) => h.tagName === 'H1').length !== 1) faults.push(`headings: there are ${headings.filter((h) => h.tagName === 'H1').length} of the first level`);
  for (const heading of headings) {
    const level = Number(heading.tagName[1]);
    if (level > before + 1) faults.push(`headings: "${words(heading.textContent)}" is of level ${level} after ${before}`);
    before = level;
  }

  for (const part of document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea')) {
    if (!shown(part) || isOff(part)) continue;
    const labels = part.labels ? [...part.labels].map((l) => l.textContent).join(' ') : '';
    const said = [part.textContent, labels, part.getAttribute('aria-label'), part.getAttribute('aria-labelledby'), part.title,
      part.placeholder, part.type === 'submit' ? part.value : '', part.querySelector('[alt]')?.alt].join('').trim();
    if (!said) faults.push(`name: ${words(part.outerHTML)} has none`);
  }

  // A time of day is followed by its zone, in the same sentence.
  const zone = /^[\s ]*(to[\s ]+\d{1,2}:\d\d[\s ]*[AP]M,?[\s ]*)?,?[\s ]*\(?([A-Z]{2,5}\b(?<!\b[AP]M)|UTC[+-]?\d*|[A-Z][\w ]+ time\b)/;
  const time = /\b\d{1,2}:\d\d[\s ]*[AP]M\b/g;
  const blocks = [...document.querySelectorAll('p, li, td, th, dd, small, span, h1, h2, h3, button, label, div')]
    .filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.search(time) >= 0) && shown(e) && !e.closest('article .pa-post-text, textarea, [data-testid="stTimeInput"], [data-own-zone]'));
  for (const block of blocks) {
    const text = block.textContent;
    for (const hit of text.matchAll(time)) {
      if (!zone.test(text.slice(hit.index + hit[0].length))) faults.push(`zone: "${words(text.slice(Math.max(0, hit.index - 30)))}" does not name it`);
    }
  }

  // A thumb needs 44 pixels: the height of what is pressed, on a phone.
  if (width <= 640) {
    for (const part of document.querySelectorAll('button, [role="button"], a.pa-button, a.button, input[type=submit], [data-testid="stLinkButton"] a, summary, select')) {
      const box = part.getBoundingClientRect();
      if (!shown(part) || isOff(part) || box.height >= 43.5) continue;
      faults.push(`thumb: "${words(part.textContent || part.getAttribute('aria-label') || part.outerHTML)}" is ${Math.round(box.height)} pixels high`);
    }
  }
  return [...new Set(faults)];
})()
