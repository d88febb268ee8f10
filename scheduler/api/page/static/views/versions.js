// The versions of an app: who made each, why, and in what it differs from the one before.
import { html, Component } from '../html.js';
import * as actions from '../data/actions.js';
import { below, get } from '../data/api.js';
import { mayWrite } from '../data/store.js';
import { Button, Loaded } from '../parts/common.js';
import { propose } from '../parts/dialog.js';
import { age, moment, printable } from '../text.js';

const PASSED_OVER = new Set(['version', 'versionInfo']);

// The fields in which two definitions differ, each as { path, before, after }; undefined: not there.
export function differences(before, after, path = '') {
  if ((isObject(before) || isObject(after)) && [before, after].every(isObjectOrNothing)) {
    const [one, other] = [before || {}, after || {}];
    const keys = [...new Set([...Object.keys(one), ...Object.keys(other)])].sort();
    return keys.filter((key) => path || !PASSED_OVER.has(key)).flatMap((key) =>
      differences(own(one, key), own(other, key), `${path}/${key.replace(/~/g, '~0').replace(/\//g, '~1')}`));
  }
  return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ path, before, after }];
}

function own(object, key) {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isObjectOrNothing(value) {
  return value === undefined || isObject(value);
}

export function Versions({ app, resource }) {
  return html`<${Loaded} resource=${resource}>${(found) => found.map((each, index) => html`
    <${Version} key=${each.version} app=${app} version=${each}
      before=${found[index + 1] && found[index + 1].version} current=${index === 0} />`)}<//>`;
}

class Version extends Component {
  async toggled(event) {
    if (!event.target.open || this.state.found || this.state.busy) return;
    this.setState({ busy: true });
    const { app, version, before } = this.props;
    const path = (each) => `${below('/v2/apps', app.id)}/versions/${each}`;
    try {
      const [now, then] = await Promise.all([get(path(version.version)), before ? get(path(before)) : {}]);
      this.setState({ found: differences(then, now), error: '', busy: false });
    } catch (error) {
      this.setState({ error: error.message, busy: false });
    }
  }

  render({ app, version, before, current }, { found, error }) {
    return html`<details class="version" onToggle=${(event) => this.toggled(event)}>
      <summary><b>${moment(version.version)}</b> <span class="small">${age(version.version)} ago</span>
        ${' '}${printable(version.user)}${version.address && ` from ${printable(version.address)}`}
        ${version.why && html`: <q>${printable(version.why)}</q>`}
        ${current && html` <span class="state healthy">current</span>`}</summary>
      ${error && html`<p class="error">${printable(error)}</p>`}
      ${found && html`<${Differences} found=${found} first=${!before} />`}
      ${!current && mayWrite() && html`<${Button}
        onClick=${() => propose(actions.revert(app, version.version))}>Make it this again<//>`}
    </details>`;
  }
}

function Differences({ found, first }) {
  if (found.length === 0) return html`<p class="note">Nothing differs: it was restarted.</p>`;
  return html`<table class="diff"><caption>${first ? 'The first version'
    : 'What differs from the version before'}</caption>
    <thead><tr><th>Field</th><th>Before</th><th>After</th></tr></thead>
    <tbody>${found.map(({ path, before, after }) => html`<tr key=${path}><td>${printable(path)}</td>
      <td class="before">${shown(before)}</td><td class="after">${shown(after)}</td></tr>`)}</tbody>
  </table>`;
}

function shown(value) {
  return value === undefined ? '' : printable(JSON.stringify(value));
}
