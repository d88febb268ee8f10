// A list of any length: only the rows that can be seen are there. All rows are of one height; the
// window scrolls, not the list. Up, Down, Home, End and the page keys go from row to row.
// What is slow for a browser is to make elements and to ask where they are: a row that comes takes the
// elements of one that has gone, and places are asked for once a frame, before anything is changed.
import { html, Component } from '../html.js';

const SPARE = 4; // rows above and below what is seen
const MORE = 12; // rows that are made in one frame
const narrow = matchMedia('(max-width: 720px)');
const AGES = 5000; // milliseconds after which what is shown of a row grows old: its ages do

// Properties: rows, name (for who hears the page), columns ([class, heading]), keyOf(row),
// cells(row) → contents in the order of the columns, height, narrowHeight; empty: what to say.
export class List extends Component {
  constructor(props) {
    super(props);
    this.state = { first: 0, count: MORE, at: 0 };
    this.places = new Map(); // key of a row that is there to the number of its elements
    this.made = 0;
    this.frame = 0;
    this.focusing = false;
    this.moved = () => {
      this.frame ||= requestAnimationFrame(() => this.measure());
    };
  }

  componentDidMount() {
    addEventListener('scroll', this.moved, { passive: true });
    addEventListener('resize', this.moved);
    this.moved();
  }

  componentWillUnmount() {
    removeEventListener('scroll', this.moved);
    removeEventListener('resize', this.moved);
    cancelAnimationFrame(this.frame);
  }

  componentDidUpdate() {
    if (!this.focusing) return;
    this.focusing = false;
    const row = this.box && this.box.querySelector(`[data-at="${this.state.at}"] a`);
    if (row) row.focus({ preventScroll: true });
  }

  height() {
    return narrow.matches ? this.props.narrowHeight || 64 : this.props.height || 36;
  }

  fitting() {
    return Math.ceil(innerHeight / this.height()) + 2 * SPARE;
  }

  measure() {
    this.frame = 0;
    if (!this.box) return;
    const top = -this.box.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(top / this.height()) - SPARE);
    const count = Math.min(this.fitting(), this.state.count + MORE);
    if (first !== this.state.first || count !== this.state.count) this.setState({ first, count });
    if (count < this.fitting()) this.moved();
  }

  pressed(event) {
    const row = event.target.closest('[data-at]');
    if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor(innerHeight / this.height()) - 3);
    const last = this.props.rows.length - 1;
    const at = Number(row.dataset.at);
    const to = {
      ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page, Home: 0, End: last,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.go(Math.max(0, Math.min(last, to)));
  }

  go(at) {
    const top = this.box.getBoundingClientRect().top + scrollY + at * this.height();
    const head = 120; // what may lie over it: the page's head
    if (top < scrollY + head) scrollTo({ top: top - head });
    else if (top + 2 * this.height() > scrollY + innerHeight) {
      scrollTo({ top: top + 2 * this.height() - innerHeight });
    }
    this.focusing = true;
    const count = this.state.count;
    const first = at < this.state.first || at >= this.state.first + count
      ? Math.max(0, at - Math.floor(count / 2)) : this.state.first;
    this.setState({ at, first });
  }

  // Which elements each row has: those that it had, else those of one that has gone.
  place(keys) {
    const wanted = new Set(keys);
    const free = [...this.places].filter(([key]) => !wanted.has(key)).map(([, number]) => number);
    const before = this.places;
    this.places = new Map(keys.map((key) => [key, before.get(key) ?? free.shift() ?? this.made++]));
  }

  render({ rows, name, columns, keyOf, cells, empty }, { first, count }) {
    const height = this.height();
    const from = Math.min(first, Math.max(0, rows.length - 1));
    const seen = rows.slice(from, from + count);
    const now = Math.floor(Date.now() / AGES);
    this.place(seen.map(keyOf));
    return html`<div class="table" role="table" aria-label=${name} aria-rowcount=${rows.length + 1}>
      <div class="head row" role="row" aria-rowindex="1">
        ${columns.map(([kind, title]) => html`<span role="columnheader" class=${kind}>${title}</span>`)}
      </div>
      ${rows.length === 0 && html`<p class="empty">${empty || 'Nothing is here.'}</p>`}
      <div class="list" role="rowgroup" ref=${(box) => { this.box = box; }}
           style=${{ height: `${rows.length * height}px` }}
           onKeyDown=${(event) => this.pressed(event)}>
        ${seen.map((row, index) => html`<${Row} key=${this.places.get(keyOf(row))} id=${keyOf(row)}
            row=${row} at=${from + index}
            height=${height} columns=${columns} cells=${cells} now=${now} />`)}
      </div>
    </div>`;
  }
}

// Drawn anew only when something of it is another: rows are values, replaced when they change.
class Row extends Component {
  shouldComponentUpdate(next) {
    return ['row', 'at', 'height', 'now'].some((each) => next[each] !== this.props[each]);
  }

  // Who was at a row that has gone is not at another one for that.
  componentDidUpdate(before) {
    if (before.id !== this.props.id && this.box.contains(document.activeElement)) {
      document.activeElement.blur();
    }
  }

  render({ row, at, height, columns, cells }) {
    const found = cells(row);
    return html`<div class="row" role="row" aria-rowindex=${at + 2} data-at=${at}
        ref=${(box) => { this.box = box; }}
        style=${{ transform: `translateY(${at * height}px)`, height: `${height}px` }}>
      ${columns.map(([kind], index) =>
        html`<span role="cell" class=${kind}>${found[index]}</span>`)}
    </div>`;
  }
}
