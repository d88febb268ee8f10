// All apps, each with its health bar; found by text, label and state.
import { html, Component } from '../html.js';
import { store } from '../data/store.js';
import { Bar, words } from '../parts/bar.js';
import { Filter } from '../parts/common.js';
import { List } from '../parts/list.js';
import { href, search } from '../routes.js';
import { age, count, printable } from '../text.js';

// In the order in which they matter to who is paged.
const STATES = [
  ['unhealthy', 'unhealthy', (app) => app.counts.unhealthy > 0],
  ['waiting', 'waiting', (app) => app.counts.waiting > 0],
  ['staging', 'staging', (app) => app.counts.staging > 0],
  ['over', 'over capacity', (app) => app.counts.over > 0],
  ['deploying', 'deploying', (app) => app.deployments.length > 0],
  ['suspended', 'suspended', (app) => app.wanted === 0],
  ['healthy', 'all healthy', (app) => app.wanted > 0 && app.counts.healthy >= app.wanted],
];
const COLUMNS = [['name', 'App'], ['health', 'Instances'], ['number', 'Serving'],
  ['states', 'State, and why'], ['what', 'Image or command'], ['when', 'Changed']];

export function statesOf(app) {
  return STATES.filter(([, , holds]) => holds(app));
}

// `label` is key, key=value or key!=value.
function hasLabel(app, label) {
  const [, key, not, value] = /^([^=!]*)(?:(!)?=(.*))?$/.exec(label) || [];
  if (key === undefined) return false;
  const found = Object.hasOwn(app.labels, key) ? app.labels[key] : undefined;
  if (value === undefined) return found !== undefined;
  return not ? found !== value : found === value;
}

export function filtered(apps, query) {
  const text = (query.get('text') || '').toLowerCase();
  const label = query.get('label') || '';
  const state = STATES.find(([name]) => name === query.get('state'));
  return apps.filter((app) => (!text || app.id.toLowerCase().includes(text) ||
      app.what.toLowerCase().includes(text)) &&
    (!label || hasLabel(app, label)) && (!state || state[2](app)));
}

export class Apps extends Component {
  set(changes) {
    search(changes);
    this.setState({});
  }

  render() {
    const query = new URLSearchParams(location.hash.split('?')[1] || '');
    const rows = filtered(store.sorted, query);
    return html`<h1 class="hidden">Apps</h1>
      <div class="tools">
        <${Filter} name="Find apps" value=${query.get('text') || ''}
          onText=${(text) => this.set({ text })} />
        <label class="filter"><span class="hidden">Label</span>
          <input type="search" name="label" list="labels" value=${query.get('label') || ''}
            placeholder="Label, or label=value" autocomplete="off" spellcheck=${false}
            onInput=${(event) => this.set({ label: event.target.value })} /></label>
        <${Labels} />
        <${States} current=${query.get('state') || ''} onState=${(state) => this.set({ state })} />
      </div>
      ${store.loaded
        ? html`<p class="small" role="status">${rows.length === store.sorted.length
          ? count(rows.length, 'app') : `${rows.length} of ${count(store.sorted.length, 'app')}`}</p>
          <${List} name="Apps" rows=${rows} columns=${COLUMNS} keyOf=${(app) => app.id} cells=${cells}
            narrowHeight=${84}
            empty=${store.sorted.length ? 'No app is so.' : html`No app is here yet: <code>
              mesos-docker init app.json</code>, then <code>mesos-docker deploy app.json</code>.`} />`
        : html`<p class="note" aria-busy="true">Loading …</p>`}`;
  }
}

function cells(app) {
  const states = statesOf(app);
  return [
    html`<a href=${href('apps', app.id)}>${printable(app.id)}</a>`,
    html`<${Bar} counts=${app.counts} />`,
    html`<span title=${words(app.counts)}>${app.counts.healthy}/${app.wanted === null
      ? 'removed' : app.wanted}</span>`,
    html`${states.map(([name, title]) => html`<span key=${name} class=${`state ${name}`}>${title}</span>`)}
      ${app.why && html`<a class="ill" href=${href('apps', app.id, 'why')} title=${printable(app.why)}>
        ${printable(app.why)}</a>`}`,
    html`<span title=${printable(app.what)}>${printable(app.what)}</span>`,
    age(app.version),
  ];
}

function States({ current, onState }) {
  return html`<div class="chips" role="group" aria-label="State">${STATES.map(([name, title, holds]) => {
    const found = store.sorted.reduce((sum, app) => sum + (holds(app) ? 1 : 0), 0);
    const on = name === current;
    return html`<button key=${name} type="button" class=${`chip ${name}`} aria-pressed=${on}
      data-state=${name} disabled=${found === 0 && !on} onClick=${() => onState(on ? '' : name)}>
      ${title} <b>${found}</b></button>`;
  })}</div>`;
}

// Offered while a label is typed; of a thousand apps the first two hundred are enough.
function Labels() {
  const found = new Set();
  for (const app of store.sorted) {
    for (const [key, value] of Object.entries(app.labels)) {
      found.add(key).add(`${key}=${value}`);
      if (found.size > 200) break;
    }
  }
  return html`<datalist id="labels">${[...found].map((each) =>
    html`<option key=${each} value=${each}></option>`)}</datalist>`;
}
