// Running deployments: how far they are, and what can be done about them.
import { html } from '../html.js';
import * as actions from '../data/actions.js';
import { mayWrite, store } from '../data/store.js';
import { Progress } from '../parts/bar.js';
import { Button } from '../parts/common.js';
import { propose } from '../parts/dialog.js';
import { href } from '../routes.js';
import { age, count, printable } from '../text.js';

const WORDS = {
  StartApplication: 'start', StopApplication: 'end', ScaleApplication: 'scale',
  RestartApplication: 'replace',
};

export function Deployments() {
  const found = store.deployments;
  return html`<h1>Deployments</h1>
    ${found.length === 0 ? html`<p class="note">None is running.</p>`
      : found.map((each) => html`<${Deployment} key=${each.id} deployment=${each} />`)}`;
}

// Of each app that it is at: so many of the new instances serve.
function served(deployment) {
  return deployment.currentActions.map(({ app: id, action }) => {
    const app = store.apps.get(id);
    const known = app && app.served !== null && app.wanted !== null;
    return { id, action, done: known ? app.served : 0, all: known ? app.wanted : 0, app };
  });
}

export function Deployment({ deployment }) {
  const { id, currentStep, totalSteps, version } = deployment;
  const rows = served(deployment);
  const paused = store.paused.includes(id);
  return html`<section class="deployment" data-deployment=${id} aria-label=${`Deployment ${id}`}>
    <div class="line"><b>Deployment</b> <code>${id.slice(0, 8)}</code>
      <span>step ${currentStep} of ${totalSteps}</span>
      ${paused && html`<span class="state waiting">paused</span>`}
      <span class="small">began ${age(version)} ago</span>
      ${mayWrite() && html`<span class="buttons">
        ${paused ? html`<${Button} onClick=${() => propose(actions.resume(id))}>Resume<//>`
          : html`<${Button} onClick=${() => propose(actions.pause(id))}>Pause<//>`}
        <${Button} onClick=${() => propose(actions.stop(id))}>Stop<//>
        <${Button} kind="danger" onClick=${() => propose(actions.rollback(id))}>Roll back<//>
      </span>`}
    </div>
    ${rows.map(({ id: app, action, done, all, app: known }) => html`<div class="line" key=${app}>
      <span>${WORDS[action] || action}</span> <a href=${href('apps', app)}>${printable(app)}</a>
      <${Progress} done=${done} all=${all} name=${`${done} of ${all} serve`} />
      <span>${done} of ${count(all, 'instance')} serve</span>
      ${known && known.failures > 0 && html`<span class="state unhealthy">
        ${count(known.failures, 'failure')}</span>`}
      ${mayWrite() && known && known.waitsForPromotion && html`<${Button} kind="primary"
        onClick=${() => propose(actions.promote(known))}>Promote canaries<//>`}
    </div>`)}
  </section>`;
}
