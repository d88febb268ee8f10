// How the instances of an app are, as a bar of parts and as words.
import { html } from '../html.js';

export const KINDS = [
  ['healthy', 'healthy'], ['unhealthy', 'unhealthy'], ['staging', 'staging'],
  ['waiting', 'waiting'], ['over', 'over capacity'], ['ended', 'ended'],
];

export function words(counts) {
  const found = KINDS.filter(([kind]) => counts[kind]).map(([kind, name]) => `${counts[kind]} ${name}`);
  return found.join(', ') || 'no instances';
}

export function Bar({ counts }) {
  const text = words(counts);
  return html`<span class="bar" role="img" aria-label=${text} title=${text}>
    ${KINDS.map(([kind]) => counts[kind] > 0 && html`<span key=${kind} class=${`part ${kind}`}
        style=${{ flexGrow: String(counts[kind]) }}></span>`)}
  </span>`;
}

export function Legend({ counts }) {
  return html`<ul class="legend">${KINDS.map(([kind, name]) => counts[kind] > 0 && html`
    <li key=${kind}><span class=${`dot ${kind}`}></span>${counts[kind]} ${name}</li>`)}</ul>`;
}

// How far something is: `done` of `all`.
export function Progress({ done, all, name }) {
  return html`<progress max=${Math.max(1, all)} value=${done} aria-label=${name}></progress>`;
}
