// One instance, living or ended: what happened to it, what it writes, its files, curves, a terminal.
import { html, Component } from '../html.js';
import * as actions from '../data/actions.js';
import { below } from '../data/api.js';
import { instanceOf } from '../data/live.js';
import { Resources } from '../data/resource.js';
import { mayWrite, watch } from '../data/store.js';
import { Button, Loaded, Pairs, Tabs } from '../parts/common.js';
import { propose } from '../parts/dialog.js';
import { appOf, href } from '../routes.js';
import { age, moment, printable } from '../text.js';
import { cause } from './failures.js';
import { Files } from './files.js';
import { Logs } from './logs.js';
import { Curves } from './curves.js';
import { Terminal } from './terminal.js';
import { Timeline } from './timeline.js';

const TABS = [['events', 'Events'], ['logs', 'Logs'], ['files', 'Files'], ['curves', 'Resources'],
  ['terminal', 'Terminal']];

export class Instance extends Component {
  constructor({ id }) {
    super();
    this.resources = new Resources();
    this.end = watch((type, data) => {
      if (type !== null && instanceOf(data) !== id) return;
      for (const name of ['one', 'ended', 'events']) this.resources.soon(name);
    });
  }

  componentWillUnmount() {
    this.end();
    this.resources.close();
  }

  render({ id, tab }) {
    const app = appOf(id);
    const one = this.resources.of('one', '/api/v1/instances', { app, id });
    const ended = this.resources.of('ended', below('/api/v1/history', app));
    const living = one.value && one.value[0];
    const last = ended.value && ended.value.find((each) => each.id === id);
    const current = TABS.some(([key]) => key === tab) ? tab : 'events';
    return html`<div class="crumbs"><a href="#/apps">Apps</a> ›${' '}
        <a data-up href=${href('apps', app)}>${printable(app)}</a> ›</div>
      <div class="title"><h1>${printable(id)}</h1>
        ${mayWrite() && living && living.taskId && html`<span class="buttons">
          <${Button} kind="danger" onClick=${() => propose(actions.kill(living))}>End it<//></span>`}</div>
      <${Facts} one=${one} living=${living} last=${last} />
      <${Tabs} name="Of this instance" current=${current}
        tabs=${TABS.map(([key, title]) => [key, title, href('instances', id, key)])} />
      ${this.tab(current, id, living)}`;
  }

  tab(name, id, living) {
    const path = below('/api/v1/instances', id);
    if (name === 'logs') return html`<${Logs} id=${id} path=${path} />`;
    if (name === 'files') return html`<${Files} id=${id} path=${path} />`;
    if (name === 'curves') return html`<${Curves} path=${path} />`;
    if (name === 'terminal') return html`<${Terminal} id=${id} path=${path} living=${living} />`;
    return html`<${Timeline} resource=${this.resources.of('events', `${path}/events`)} />`;
  }
}

function Facts({ one, living, last }) {
  if (living) {
    return html`<${Pairs} pairs=${[
      ['Phase', html`<b>${living.phase}</b> for ${age(living.since)}`],
      ['Task', living.taskId && printable(living.taskId)], ['Host', printable(living.host || '')],
      ['Ports', living.ports.join(', ')], ['Version', moment(living.version)],
      ['Why', printable(living.reason || '')]]} />`;
  }
  if (last) {
    return html`<${Pairs} pairs=${[
      ['Ended', `${age(last.at)} ago, ${moment(last.at)}`], ['State', last.state],
      ['Task', printable(last.taskId)], ['Exit code', last.exitCode],
      ['Host', printable(last.host || '')], ['Asked for', printable(last.asked || '')],
      ['Cause', printable(cause(last.message)[0])]]} />`;
  }
  return html`<${Loaded} resource=${one} missing="Its app is not here any more.">${() => html`
    <p class="note">It is not here any more, and not among the last that ended.</p>`}<//>`;
}
