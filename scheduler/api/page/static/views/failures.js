// The last instances that ended: with what cause, and with which last words.
import { html } from '../html.js';
import { Loaded } from '../parts/common.js';
import { href } from '../routes.js';
import { age, duration, moment, printable, printableLines } from '../text.js';

// Mesos's text and the cause are on the first line; what the task wrote last is on the others.
export function cause(message) {
  const [first, ...rest] = (message || '').split('\n');
  return [first, rest.join('\n')];
}

export function Failures({ resource }) {
  return html`<${Loaded} resource=${resource}>${(found) => (found.length === 0
    ? html`<p class="note">None of its instances has ended.</p>`
    : found.map((each) => html`<${Ended} key=${each.taskId} ended=${each} />`))}<//>`;
}

function Ended({ ended }) {
  const [first, output] = cause(ended.message);
  const kind = ended.asked ? 'over' : ended.state === 'TASK_FINISHED' ? 'healthy' : 'unhealthy';
  return html`<section class="ended">
    <div class="line"><span class=${`state ${kind}`}>${ended.state.replace('TASK_', '').toLowerCase()}</span>
      <a href=${href('instances', ended.id)}>${printable(ended.id)}</a>
      <span title=${moment(ended.at)}>${age(ended.at)} ago</span>
      ${ended.seconds !== null && html`<span>after ${duration(ended.seconds)}</span>`}
      ${ended.exitCode !== null && html`<span>exit code ${ended.exitCode}</span>`}
      ${ended.host && html`<span>on ${printable(ended.host)}</span>`}</div>
    ${ended.asked && html`<p>It was to end: ${printable(ended.asked)}</p>`}
    ${first && html`<p class="cause">${printable(first)}</p>`}
    ${output && html`<pre class="text" tabindex="0">${printableLines(output)}</pre>`}
  </section>`;
}
