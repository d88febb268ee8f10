// The agents: what was left of what each offered last, and how much of ours runs there.
import { html, Component } from '../html.js';
import { Resources } from '../data/resource.js';
import { watch } from '../data/store.js';
import { Filter, Loaded } from '../parts/common.js';
import { List } from '../parts/list.js';
import { href } from '../routes.js';
import { age, count, printable } from '../text.js';

const COLUMNS = [['name', 'Agent'], ['number', 'Instances'], ['number', 'cpus'], ['number', 'MiB'],
  ['when', 'Offered'], ['what', 'Attributes']];

export function amount(agent, name) {
  const found = agent.offered && agent.offered.amounts[name];
  return found === undefined || found === null ? '–' : String(Math.round(found * 100) / 100);
}

export class Agents extends Component {
  constructor() {
    super();
    this.resources = new Resources();
    this.end = watch(() => this.resources.soon('agents'));
  }

  componentWillUnmount() {
    this.end();
    this.resources.close();
  }

  render(_, { text = '' }) {
    const wanted = text.toLowerCase();
    return html`<h1 class="hidden">Agents</h1>
      <div class="tools"><${Filter} name="Find agents" value=${text}
        onText=${(found) => this.setState({ text: found })} /></div>
      <${Loaded} resource=${this.resources.of('agents', '/api/v1/agents')}>${(found) => {
        const rows = found.filter((each) => `${each.host} ${each.id} ${attributes(each)}`
          .toLowerCase().includes(wanted));
        return html`<p class="small" role="status">${count(rows.length, 'agent')}. Mesos offers an agent
          only while something waits for a place; a dash says that nothing was offered yet.</p>
          <${List} name="Agents" rows=${rows} columns=${COLUMNS} keyOf=${(each) => each.id} cells=${cells}
            empty="No agent has offered anything yet." />`;
      }}<//>`;
  }
}

export function attributes(agent) {
  const pairs = Object.entries(agent.attributes).map(([key, value]) => `${key}:${value}`);
  return [agent.region, agent.zone, ...pairs].filter(Boolean).join(' ');
}

// On a narrow screen there are no headings.
function unit(value, name) {
  return html`${value}<span class="unit"> ${name}</span>`;
}

function cells(agent) {
  return [
    html`<a href=${href('agents', agent.id)}>${printable(agent.host)}</a>`,
    unit(agent.instances, agent.instances === 1 ? 'instance' : 'instances'), unit(amount(agent, 'cpus'), 'cpus'),
    unit(amount(agent, 'mem'), 'MiB'),
    agent.offered ? `${age(agent.offered.at)} ago` : '–', printable(attributes(agent)),
  ];
}
