// Small parts that many views have.
import { html } from '../html.js';
import { printable } from '../text.js';

export function Tabs({ tabs, current, name }) {
  return html`<nav class="tabs" aria-label=${name}>${tabs.map(([key, title, to]) => html`
    <a key=${key} href=${to} aria-current=${key === current ? 'page' : null}>${title}</a>`)}</nav>`;
}

// What a resource has, or why it has nothing yet. `missing`: what a 404 means here.
export function Loaded({ resource, missing, children }) {
  const { value, error } = resource;
  if (error && (error.status === 404 || error.status === 501) && missing) {
    return html`<p class="note">${missing}</p>`;
  }
  if (error && value === null) return html`<p class="error" role="alert">${printable(error.message)}</p>`;
  if (value === null) return html`<p class="note" aria-busy="true">Loading …</p>`;
  return children(value);
}

export function Filter({ value, onText, name, hint }) {
  return html`<label class="filter"><span class="hidden">${name}</span>
    <input type="search" data-filter value=${value} placeholder=${hint || `${name} ( / )`}
      autocomplete="off" spellcheck=${false} onInput=${(event) => onText(event.target.value)} /></label>`;
}

export function Pairs({ pairs }) {
  return html`<dl class="pairs">${pairs.filter(([, value]) => value || value === 0).map(
    ([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

export function Button({ children, kind = '', ...rest }) {
  return html`<button type="button" class=${kind} ...${rest}>${children}</button>`;
}
