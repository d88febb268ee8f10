// What happened to an instance: what the scheduler decided and what the executor told, in one line.
import { html } from '../html.js';
import { Loaded } from '../parts/common.js';
import { moment, printable, printableLines } from '../text.js';

const MOST = 500; // the newest

export function Timeline({ resource }) {
  return html`<${Loaded} resource=${resource} missing="Nothing is remembered of it.">${(found) => (
    found.length === 0 ? html`<p class="note">Nothing is remembered of it.</p>`
      : html`<ol class="timeline">${found.slice(-MOST).map((each) => html`
        <li key=${each.number} class=${each.by}>
          <time datetime=${each.at}>${moment(each.at)}</time>
          <span class="by">${each.by}</span> <b>${printable(each.what.replace('TASK_', '').toLowerCase())}</b>
          ${each.text && html`<div class="said">${printableLines(each.text)}</div>`}
        </li>`)}</ol>`)}<//>`;
}
