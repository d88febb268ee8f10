// The live end of what a task writes, with a search. At most MOST lines are kept; escapes and other
// characters that are none are shown as such.
import { html, Component } from '../html.js';
import { commandLine } from '../data/actions.js';
import { Tail } from '../data/tail.js';
import { changed } from '../data/store.js';
import { Button, Filter } from '../parts/common.js';
import { printable, printableLines } from '../text.js';

const MOST = 3000; // lines
const FIRST = 500; // lines to begin with
const LONGEST = 10000; // characters of a line that are shown

export class Logs extends Component {
  constructor() {
    super();
    this.state = { stream: 'stdout', text: '', how: '', error: null, sticks: true };
    this.lines = [];
    this.open = ''; // the line that has no end yet
    this.first = 0; // the number of the first line that is kept
  }

  componentDidMount() {
    this.begin('stdout');
  }

  componentWillUnmount() {
    this.tail.close();
  }

  componentDidUpdate() {
    if (this.state.sticks && this.box) this.box.scrollTop = this.box.scrollHeight;
  }

  begin(stream) {
    if (this.tail) this.tail.close();
    this.lines = [];
    this.open = '';
    this.first = 0;
    this.setState({ stream, error: null, how: 'connecting …' });
    this.tail = new Tail(`${this.props.path}/logs`, stream, FIRST, {
      told: (data) => this.told(data),
      state: (how) => this.setState({ how }),
      failed: (error) => this.setState({ error, how: '' }),
    });
  }

  told(data) {
    const lines = (this.open + data).split('\n');
    this.open = lines.pop().slice(-LONGEST);
    for (const each of lines) this.lines.push(printableLines(each.slice(0, LONGEST)));
    const over = this.lines.length - MOST;
    if (over > 0) {
      this.lines.splice(0, over);
      this.first += over;
    }
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.setState({});
      changed();
    });
  }

  scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.box;
    const sticks = scrollHeight - scrollTop - clientHeight < 40;
    if (sticks !== this.state.sticks) this.setState({ sticks });
  }

  render({ id }, { stream, text, how, error, sticks }) {
    const all = this.open ? [...this.lines, printableLines(this.open)] : this.lines;
    const wanted = text.toLowerCase();
    const shown = all.map((line, index) => [this.first + index, line])
      .filter(([, line]) => !wanted || line.toLowerCase().includes(wanted));
    return html`<div class="tools">
        <div class="chips" role="group" aria-label="Stream">${['stdout', 'stderr'].map((name) => html`
          <button key=${name} type="button" class="chip" aria-pressed=${name === stream}
            onClick=${() => this.begin(name)}>${name}</button>`)}</div>
        <${Filter} name="Search lines" value=${text} onText=${(found) => this.setState({ text: found })} />
        ${!sticks && html`<${Button} onClick=${() => this.setState({ sticks: true })}>To the end<//>`}
        <span class="small" role="status">${how}${wanted && `, ${shown.length} of ${all.length} lines`}</span>
      </div>
      ${error && html`<p class="note" role="alert">${error.status === 404
        ? 'Nothing can be read of it: it has written nothing yet, or its sandbox is gone.'
        : printable(error.message)}</p>`}
      ${!error && html`<div class="log" tabindex="0" role="log" aria-label=${stream}
        ref=${(box) => { this.box = box; }}
        onScroll=${() => this.scrolled()}>
        ${shown.map(([number, line]) => html`<div key=${number}>${wanted ? marked(line, wanted) : line}</div>`)}
      </div>`}
      <p class="small">The same from a terminal: <code>${commandLine('logs', id, '-f',
        stream === 'stderr' ? '--stderr' : '')}</code></p>`;
  }
}

function marked(line, wanted) {
  const parts = [];
  const low = line.toLowerCase();
  let from = 0;
  for (let at = low.indexOf(wanted); at >= 0; at = low.indexOf(wanted, from)) {
    parts.push(line.slice(from, at), html`<mark key=${at}>${line.slice(at, at + wanted.length)}</mark>`);
    from = at + wanted.length;
  }
  return [...parts, line.slice(from)];
}
