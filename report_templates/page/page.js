'use strict';
// Everything is on the page without this: it adds copying, filtering, and readings of the charts.
const all = (selector, from = document) => [...from.querySelectorAll(selector)];

for (const button of all('[data-copy]')) {
  button.hidden = false;
  const words = button.textContent;
  button.addEventListener('click', async () => {
    const text = document.getElementById(button.dataset.copy);
    let done = true;
    try {
      await navigator.clipboard.writeText(text.textContent);
    } catch {
      const parent = text.closest('details');
      if (parent) parent.open = true;
      getSelection().selectAllChildren(text);
      done = document.execCommand('copy');
    }
    button.textContent = done ? 'Copied' : 'Selected: press Ctrl+C';
    setTimeout(() => { button.textContent = words; }, 2500);
  });
}

const filter = document.getElementById('filter');
const rows = all('.finding');
const apply = () => {
  const wanted = { outcome: filter.elements.outcome.value, stage: filter.elements.stage.value };
  const text = filter.elements.text.value.trim().toLowerCase();
  let shown = 0;
  for (const row of rows) {
    row.hidden = (wanted.outcome && row.dataset.outcome !== wanted.outcome) || (wanted.stage && row.dataset.stage !== wanted.stage)
      || (text && !row.textContent.toLowerCase().includes(text));
    shown += row.hidden ? 0 : 1;
  }
  filter.querySelector('output').textContent = `${shown} of ${rows.length} rows`;
};
if (filter) {
  filter.hidden = false;
  filter.addEventListener('input', apply);
  filter.addEventListener('submit', event => event.preventDefault());
  apply();
}

for (const chart of all('[data-chart]')) {
  const bands = all('.band', chart);
  const reading = all('.reading', chart.parentElement)[0];
  const pointer = all('.pointer', chart)[0];
  let at = -1;
  const show = index => {
    at = Math.min(bands.length - 1, Math.max(0, index));
    pointer.setAttribute('visibility', 'visible');
    pointer.setAttribute('transform', `translate(${bands[at].dataset.x} 0)`);
    reading.textContent = bands[at].textContent;
  };
  bands.forEach((band, index) => band.addEventListener('pointerenter', () => show(index)));
  chart.addEventListener('keydown', event => {
    const step = { ArrowRight: 1, ArrowLeft: -1, Home: -bands.length, End: bands.length }[event.key];
    if (step && bands.length) {
      event.preventDefault();
      show(at + step);
    }
  });
}

const reveal = () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const parent = target && target.closest('details');
  if (parent) {
    parent.open = true;
    target.scrollIntoView({ block: 'center' });
    target.focus({ preventScroll: true });
  }
};
addEventListener('hashchange', reveal);
reveal();
// What is folded away is not printed: open what failed, and fold it again afterwards.
let opened = [];
addEventListener('beforeprint', () => {
  opened = all('.finding.failed:not([open]), .test:not([open])');
  for (const part of opened) part.open = true;
});
addEventListener('afterprint', () => { for (const part of opened) part.open = false; });
