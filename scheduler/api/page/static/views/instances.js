// The instances of an app or of an agent. Only those that an event is about are fetched again.
import { html, Component } from '../html.js';
import * as actions from '../data/actions.js';
import { get } from '../data/api.js';
import { appsOf, instanceOf } from '../data/live.js';
import { changed, mayWrite, watch } from '../data/store.js';
import { Button, Filter } from '../parts/common.js';
import { propose } from '../parts/dialog.js';
import { List } from '../parts/list.js';
import { href } from '../routes.js';
import { age, count, printable } from '../text.js';

const PAUSE = 300; // milliseconds between two fetches
const MOST = 80; // by name in one fetch
const COLUMNS = [['name', 'Instance'], ['phase', 'Phase'], ['when', 'Since'], ['host', 'Host'],
  ['ports', 'Ports'], ['what', 'Why'], ['act', '']];

export class Instances extends Component {
  constructor({ query }) {
    super();
    this.query = query;
    this.known = null; // by id; null: not loaded yet
    this.rows = [];
    this.dirty = new Set();
    this.whole = true;
    this.error = '';
    this.timer = 0;
    this.busy = false;
    this.gone = new AbortController();
    this.end = watch((type, data) => this.heard(type, data));
    this.fetch();
  }

  componentWillUnmount() {
    this.end();
    clearTimeout(this.timer);
    this.gone.abort();
  }

  heard(type, data) {
    const { app } = this.query;
    if (type === null || type.startsWith('deployment')) {
      if (type !== null && app && !appsOf(data).has(app)) return;
      this.whole = true;
    } else {
      const id = instanceOf(data);
      if (app && !appsOf(data).has(app)) return;
      if (!id) return;
      if (!app && !(this.known && this.known.has(id)) && data.slaveId !== this.query.agent &&
        data.agentId !== this.query.agent) return;
      this.dirty.add(id);
    }
    this.soon();
  }

  soon() {
    if (!this.busy) this.timer ||= setTimeout(() => this.fetch(), PAUSE);
  }

  async fetch() {
    this.timer = 0;
    this.busy = true;
    const ids = [...this.dirty];
    const whole = this.whole || this.known === null || ids.length > MOST;
    this.dirty.clear();
    this.whole = false;
    try {
      const found = await get('/api/v1/instances', whole ? this.query : { ...this.query, id: ids },
        this.gone.signal);
      this.take(found, whole ? null : ids);
      this.error = '';
    } catch (error) {
      if (error.name === 'AbortError') return;
      if (error.status === 404 && this.known) this.take([], null);
      else this.error = error.message;
    }
    this.busy = false;
    if (this.dirty.size || this.whole) this.soon();
    changed();
  }

  take(found, ids) {
    if (ids === null) this.known = new Map(found.map((each) => [each.id, each]));
    else {
      for (const id of ids) this.known.delete(id);
      for (const each of found) this.known.set(each.id, each);
    }
    this.rows = [...this.known.values()];
    this.rows.sort((one, other) => rank(one) - rank(other) || (one.id < other.id ? -1 : 1));
  }

  render(_, { text = '', phase = '' }) {
    if (this.error && !this.known) return html`<p class="error">${printable(this.error)}</p>`;
    if (!this.known) return html`<p class="note" aria-busy="true">Loading …</p>`;
    const wanted = text.toLowerCase();
    const rows = this.rows.filter((each) => (!phase || group(each) === phase) && (!wanted ||
      `${each.id} ${each.host || ''} ${each.phase} ${each.ports.join(' ')}`.toLowerCase()
        .includes(wanted)));
    return html`<div class="tools">
        <${Filter} name="Find instances" value=${text} onText=${(found) => this.setState({ text: found })} />
        <${Phases} rows=${this.rows} current=${phase} onPhase=${(found) => this.setState({ phase: found })} />
      </div>
      <p class="small" role="status">${rows.length === this.rows.length
        ? count(rows.length, 'instance') : `${rows.length} of ${count(this.rows.length, 'instance')}`}</p>
      <${List} name="Instances" rows=${rows} columns=${COLUMNS} keyOf=${(each) => each.id}
        cells=${(each) => cells(each, Boolean(this.query.app))} empty="No instance is here." />`;
  }
}

// What a phase counts as; what needs care stands first.
function group(each) {
  if (each.phase === 'healthy' || each.phase === 'running') return 'healthy';
  if (each.phase.startsWith('waiting')) return 'waiting';
  if (each.phase.startsWith('to end') || each.phase === 'ending') return 'over';
  if (each.phase === 'unhealthy' || each.phase.startsWith('unreachable')) return 'unhealthy';
  return 'staging';
}

const ORDER = ['unhealthy', 'waiting', 'staging', 'over', 'healthy'];

function rank(each) {
  return ORDER.indexOf(group(each));
}

function Phases({ rows, current, onPhase }) {
  const counts = {};
  for (const each of rows) counts[group(each)] = (counts[group(each)] || 0) + 1;
  return html`<div class="chips" role="group" aria-label="Phase">${ORDER.map((name) => html`
    <button key=${name} type="button" class=${`chip ${name}`} aria-pressed=${name === current}
      disabled=${!counts[name] && name !== current}
      onClick=${() => onPhase(name === current ? '' : name)}>
      ${name === 'over' ? 'over capacity' : name} <b>${counts[name] || 0}</b></button>`)}</div>`;
}

// An instance of an app is told apart by the end of its id.
function cells(each, ofApp) {
  return [
    html`<a href=${href('instances', each.id)} title=${printable(each.id)}>
      ${ofApp ? '' : `${printable(each.app)} `}${printable(each.id.replace(/^.*\.(instance|marathon)-/, ''))}</a>`,
    html`<span class=${`state ${group(each)}`}>${each.phase}</span>`,
    age(each.since), printable(each.host || ''), each.ports.join(', '),
    html`<span title=${printable(each.reason || '')}>${printable(each.reason || '')}</span>`,
    mayWrite() && each.taskId && html`<${Button} kind="plain" aria-label=${`End ${each.id}`}
      onClick=${() => propose(actions.kill(each))}>End<//>`,
  ];
}
