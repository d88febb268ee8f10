// One app: how it is, what changes it, and its instances, reasons, failures, versions, definition.
import { html, Component } from '../html.js';
import * as actions from '../data/actions.js';
import { below } from '../data/api.js';
import { appsOf } from '../data/live.js';
import { Resources } from '../data/resource.js';
import { mayWrite, store, watch } from '../data/store.js';
import { Bar, Legend } from '../parts/bar.js';
import { Button, Loaded, Pairs, Tabs } from '../parts/common.js';
import { propose } from '../parts/dialog.js';
import { href } from '../routes.js';
import { age, moment, printable } from '../text.js';
import { Deployment } from './deployments.js';
import { Failures } from './failures.js';
import { Instances } from './instances.js';
import { Versions } from './versions.js';
import { Why } from './why.js';

const TABS = [['instances', 'Instances'], ['why', 'Why it waits'], ['failures', 'Failures'],
  ['versions', 'Versions'], ['definition', 'Definition']];

export class App extends Component {
  constructor({ id }) {
    super();
    this.resources = new Resources();
    this.end = watch((type, data) => {
      if (type !== null && !appsOf(data).has(id)) return;
      for (const name of ['why', 'history']) this.resources.soon(name);
      if (type === null || type.startsWith('deployment')) this.resources.soon('versions');
    });
  }

  componentWillUnmount() {
    this.end();
    this.resources.close();
  }

  render({ id, tab }) {
    const app = store.apps.get(id);
    if (!app) {
      return html`<a data-up href="#/apps">Apps</a>
        <p class="note">${store.loaded ? `There is no app ${printable(id)}.` : 'Loading …'}</p>`;
    }
    const current = TABS.some(([key]) => key === tab) ? tab : 'instances';
    const running = store.deployments.filter((each) => each.affectedApps.includes(id));
    return html`<div class="crumbs"><a data-up href="#/apps">Apps</a> ›</div>
      <div class="title"><h1>${printable(id)}</h1>
        ${mayWrite() && app.wanted !== null && html`<span class="buttons">
          <${Button} onClick=${() => propose(actions.scale(app))}>Scale<//>
          <${Button} onClick=${() => propose(actions.restart(app))}>Restart<//>
          <${Button} kind="danger" onClick=${() => propose(actions.remove(app))}>Remove<//>
        </span>`}</div>
      <div class="summary"><${Bar} counts=${app.counts} /><${Legend} counts=${app.counts} /></div>
      <${Pairs} pairs=${[
        ['Wanted', app.wanted === null ? 'removed' : app.wanted], ['Runs', printable(app.what)],
        ['Each', `${app.cpus} cpus, ${app.mem} MiB`],
        ['Changed', app.version && `${age(app.version)} ago, ${moment(app.version)}`],
        ['Labels', Object.keys(app.labels).length > 0 && Object.entries(app.labels).map(([key, value]) =>
          html`<code key=${key} class="label">${printable(`${key}=${value}`)}</code> `)]]} />
      ${running.map((each) => html`<${Deployment} key=${each.id} deployment=${each} />`)}
      <${Tabs} name="Of this app" current=${current}
        tabs=${TABS.map(([key, title]) => [key, title, href('apps', id, key)])} />
      ${this.tab(current, app)}`;
  }

  tab(name, app) {
    const get = (key, path, query) => this.resources.of(key, path, query);
    if (name === 'why') return html`<${Why} resource=${get('why', '/api/v1/why', { app: app.id })} />`;
    if (name === 'failures') {
      return html`<${Failures} resource=${get('history', below('/api/v1/history', app.id))} />`;
    }
    if (name === 'versions') {
      return html`<${Versions} app=${app} resource=${get('versions',
        below('/api/v1/versions', app.id))} />`;
    }
    if (name === 'definition') return html`<${Definition} app=${app} get=${get} />`;
    return html`<${Instances} key=${app.id} query=${{ app: app.id }} />`;
  }
}

function Definition({ app, get }) {
  if (app.version === null) return html`<p class="note">It was removed.</p>`;
  const path = `${below('/v2/apps', app.id)}/versions/${app.version}`;
  return html`<${Loaded} resource=${get('definition', path)}>${(found) => html`
    <pre class="text" tabindex="0">${printableJson(found)}</pre>`}<//>`;
}

function printableJson(value) {
  return JSON.stringify(value, null, 2).split('\n').map(printable).join('\n');
}
