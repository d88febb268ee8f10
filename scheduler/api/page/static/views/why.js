// Why instances do not serve, and why an app does not change: each agent, each reason, what helps.
import { html } from '../html.js';
import { Loaded } from '../parts/common.js';
import { age, printable } from '../text.js';

const MOST = 100; // of which all reasons are shown

export function Why({ resource }) {
  return html`<${Loaded} resource=${resource}>${(found) => (found.length === 0
    ? html`<p class="note">Everything serves.</p>`
    : html`<div class="why">${found.slice(0, MOST).map((each, index) => html`
      <section key=${index}><h3>${printable(each.instance || each.app)}
        <span class="small"> for ${age(each.since)}</span></h3>
        <ul>${each.reasons.map((reason, at) => html`<li key=${at}>
          ${reason.agent && html`<b>${printable(reason.agent)}</b>: `}${printable(reason.reason)}
          ${reason.wanted && html`<span>: ${printable(reason.wanted)} wanted,
            ${' '}${printable(reason.offered)} offered</span>`}
          ${reason.hint && html`<div class="hint">${printable(reason.hint)}</div>`}
        </li>`)}</ul></section>`)}
      ${found.length > MOST && html`<p class="note">and ${found.length - MOST} more</p>`}</div>`)}<//>`;
}
