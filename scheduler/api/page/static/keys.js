// Keys that hold everywhere: / goes to the filter, Escape clears it, and then goes up one level.
// Lists have the arrows (parts/list.js); dialogs and forms are the browser's own.
import { go, where } from './routes.js';

export function listen() {
  addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector('dialog[open]')) return;
    if (event.target.closest && event.target.closest('.terminal')) return;
    const writing = /^(input|textarea|select)$/i.test(event.target.tagName);
    if (event.key === '/' && !writing) slash(event);
    else if (event.key === 'Escape') escape(event, writing);
    else if (event.key === 'ArrowDown' && !writing && event.target === document.body) {
      const first = document.querySelector('.list a');
      if (first) first.focus();
    }
  });
}

function slash(event) {
  const filter = document.querySelector('[data-filter]');
  if (!filter) return;
  event.preventDefault();
  filter.focus();
  filter.select();
}

function escape(event, writing) {
  if (writing && event.target.matches('[data-filter]')) {
    if (event.target.value) {
      event.target.value = '';
      event.target.dispatchEvent(new Event('input', { bubbles: true }));
    }
    event.target.blur();
    return;
  }
  if (writing) {
    event.target.blur();
    return;
  }
  const up = document.querySelector('[data-up]');
  if (up && where().id) go(up.getAttribute('href'));
}
