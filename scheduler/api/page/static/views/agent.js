// One agent: what it offers, and what of ours runs there.
import { html, Component } from '../html.js';
import { Resources } from '../data/resource.js';
import { watch } from '../data/store.js';
import { Loaded, Pairs } from '../parts/common.js';
import { moment, printable } from '../text.js';
import { amount, attributes } from './agents.js';
import { Instances } from './instances.js';

export class Agent extends Component {
  constructor() {
    super();
    this.resources = new Resources();
    this.end = watch((type) => type === null && this.resources.soon('agents'));
  }

  componentWillUnmount() {
    this.end();
    this.resources.close();
  }

  render({ id }) {
    return html`<div class="crumbs"><a data-up href="#/agents">Agents</a> ›</div>
      <${Loaded} resource=${this.resources.of('agents', '/api/v1/agents')}>${(found) => {
        const agent = found.find((each) => each.id === id);
        if (!agent) return html`<p class="note">Nothing is known of the agent ${printable(id)}.</p>`;
        return html`<h1>${printable(agent.host)}</h1>
          <${Pairs} pairs=${[
            ['Id', printable(agent.id)], ['Executor', agent.executorVersion],
            ['Offers', agent.offered && ['cpus', 'mem', 'disk', 'gpus'].map((name) =>
              (amount(agent, name) === '–' ? '' : `${amount(agent, name)} ${name}`)).filter(Boolean).join(', ')],
            ['Ports', agent.offered && agent.offered.ports.slice(0, 300)],
            ['As of', agent.offered && moment(agent.offered.at)],
            ['Attributes', printable(attributes(agent))]]} />`;
      }}<//>
      <h2>What runs there</h2>
      <${Instances} key=${id} query=${{ agent: id }} />`;
  }
}
