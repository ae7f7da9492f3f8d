
// What a page's owner waits for.
var drawing = (async () => {
  'use strict';
  mermaid.initialize({ startOnLoad: false, securityLevel: 'strict' });
  for (const [number, source] of document.querySelectorAll('pre[lang=mermaid]').entries()) {
    const drawn = document.createElement('div');
    drawn.className = 'chart';
    try {
      drawn.innerHTML = (await mermaid.render(`chart-${number}`, source.textContent)).svg;
    } catch (error) {
      // As GitHub says it.
      drawn.textContent = `Unable to render rich display: ${error.message}`;
    }
    source.replaceWith(drawn);
  }
})();
