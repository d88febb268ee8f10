// Processor and memory of an instance, as curves. uPlot is fetched when somebody looks at them.
import { html, Component, createRef } from '../html.js';
import { Resource } from '../data/resource.js';
import { Loaded } from '../parts/common.js';
import { size } from '../text.js';

const FRESH = 10000; // milliseconds: no event tells of samples
const MISSING = 'Nothing is measured of it: it has ended, it is not run by our executor, or ' +
  'this service keeps no samples.';

let plotting = null;

function plotter() {
  plotting ||= import('../../vendor/uplot/uPlot.esm.js').then((module) => {
    const sheet = document.createElement('link');
    sheet.rel = 'stylesheet';
    sheet.href = new URL('../../vendor/uplot/uPlot.min.css', import.meta.url).href;
    document.head.append(sheet);
    return module.default;
  });
  return plotting;
}

// A colour of the page as a canvas takes it: which one it is depends on light and dark.
function shade(element, name) {
  element.style.color = `var(${name})`;
  const found = getComputedStyle(element).color;
  element.style.color = '';
  return found;
}

function clock(seconds) {
  return new Date(seconds * 1000).toTimeString().slice(0, 5);
}

export class Curves extends Component {
  constructor({ path }) {
    super();
    this.resource = new Resource(`${path}/stats`);
    this.timer = setInterval(() => document.hidden || this.resource.soon(0), FRESH);
  }

  componentWillUnmount() {
    clearInterval(this.timer);
    this.resource.close();
  }

  render() {
    return html`<${Loaded} resource=${this.resource} missing=${MISSING}>${({ samples }) => (
      samples.length === 0 ? html`<p class="note">No samples yet.</p>`
        : html`<div class="curves">
          <${Curve} name="Processor" unit="cores" samples=${samples} column=${1}
            text=${(value) => value.toFixed(2)} />
          <${Curve} name="Memory" unit="" samples=${samples} column=${2} text=${size} />
        </div>`)}<//>`;
  }
}

class Curve extends Component {
  constructor() {
    super();
    this.box = createRef();
  }

  async componentDidMount() {
    const Plot = await plotter();
    if (!this.box.current) return;
    const axis = { stroke: () => colour('--quiet'), grid: { stroke: () => colour('--edge'), width: 1 } };
    const { name, text } = this.props;
    const colour = (each) => shade(this.box.current, each);
    this.plot = new Plot({
      width: this.box.current.clientWidth, height: 180, legend: { show: false },
      scales: { y: { range: (_, low, high) => [0, Math.max(high, 0.01) * 1.15] } },
      series: [{}, { label: name, stroke: () => colour('--link'), width: 2, points: { show: false } }],
      axes: [{ ...axis, space: 70, values: (_, values) => values.map(clock) },
        { ...axis, size: 70, values: (_, values) => values.map((each) => text(each)) }],
    }, this.data(), this.box.current);
    this.resized = new ResizeObserver(() => this.plot.setSize(
      { width: this.box.current.clientWidth, height: 180 }));
    this.resized.observe(this.box.current);
  }

  componentDidUpdate() {
    if (this.plot) this.plot.setData(this.data());
  }

  componentWillUnmount() {
    if (this.resized) this.resized.disconnect();
    if (this.plot) this.plot.destroy();
  }

  data() {
    const { samples, column } = this.props;
    return [samples.map((each) => each[0]), samples.map((each) => each[column])];
  }

  render({ name, unit, samples, column, text }) {
    const last = samples[samples.length - 1][column];
    const most = samples.reduce((found, each) => Math.max(found, each[column]), 0);
    return html`<figure><figcaption><b>${name}</b> ${text(last)} ${unit} now, at most ${text(most)}
      </figcaption><div class="curve" ref=${this.box}></div></figure>`;
  }
}
