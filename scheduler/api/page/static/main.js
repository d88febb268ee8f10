// The page begins here: one root that is rendered at most once a frame, whatever changes.
import { html, render } from './html.js';
import { begin, onChange } from './data/store.js';
import { listen } from './keys.js';
import { Shell } from './views/shell.js';

const root = document.getElementById('page');
let frame = 0;

function draw() {
  frame = 0;
  render(html`<${Shell} />`, root);
}

// A hidden page gets no frames, and needs none.
function soon() {
  frame ||= requestAnimationFrame(draw);
}

onChange(soon);
addEventListener('hashchange', soon);
setInterval(() => document.hidden || soon(), 5000); // ages grow
listen();
draw();
begin();
