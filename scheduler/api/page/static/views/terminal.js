// A terminal in the container of an instance. xterm.js is fetched when somebody opens one.
import { html, Component, createRef } from '../html.js';
import { commandLine } from '../data/actions.js';
import { ShellSession } from '../data/shell.js';
import { mayWrite } from '../data/store.js';
import { Button } from '../parts/common.js';
import { printable } from '../text.js';

let loading = null;

// xterm.js writes its styles into <style> elements and style attributes, which the page's policy
// refuses; here they become style sheets and properties of the document, which it allows.
function styled() {
  const plain = Document.prototype.createElement;
  document.createElement = function createElement(name, options) {
    const made = plain.call(document, name === 'style' ? 'template' : name, options);
    if (name === 'style') {
      const sheet = new CSSStyleSheet();
      Object.defineProperty(made, 'textContent', { set: (text) => sheet.replaceSync(text) });
      document.adoptedStyleSheets.push(sheet);
      made.remove = () => {
        document.adoptedStyleSheets = document.adoptedStyleSheets.filter((each) => each !== sheet);
        Element.prototype.remove.call(made);
      };
    } else if (name === 'span') {
      made.setAttribute = (key, value) => {
        if (key === 'style') made.style.cssText = value;
        else Element.prototype.setAttribute.call(made, key, value);
      };
    }
    return made;
  };
  return () => { delete document.createElement; };
}

function load() {
  loading ||= (async () => {
    const sheet = document.createElement('link');
    sheet.rel = 'stylesheet';
    sheet.href = new URL('../../vendor/xterm/xterm.css', import.meta.url).href;
    document.head.append(sheet);
    const [{ Terminal: Screen }, { FitAddon }] = await Promise.all([
      import('../../vendor/xterm/xterm.mjs'), import('../../vendor/addon-fit/addon-fit.mjs')]);
    return { Screen, FitAddon };
  })();
  return loading;
}

export class Terminal extends Component {
  constructor() {
    super();
    this.box = createRef();
    this.state = { command: '/bin/sh', open: false, said: '' };
  }

  componentWillUnmount() {
    this.close();
  }

  close() {
    if (this.session) this.session.close();
    if (this.resized) this.resized.disconnect();
    if (this.screen) this.screen.dispose();
    if (this.restore) this.restore();
    this.session = this.screen = this.resized = this.restore = null;
  }

  async begin(event) {
    event.preventDefault();
    this.close();
    this.setState({ open: true, said: '' });
    const { Screen, FitAddon } = await load();
    if (!this.box.current) return;
    this.restore = styled();
    this.screen = new Screen({ fontFamily: 'monospace', fontSize: 14, cursorBlink: true });
    const fit = new FitAddon();
    this.screen.loadAddon(fit);
    this.screen.open(this.box.current);
    fit.fit();
    this.session = new ShellSession({
      told: (bytes) => this.screen && this.screen.write(bytes),
      state: (said) => this.setState({ said }),
      ended: (said) => this.setState({ said, open: false }),
    });
    this.screen.onData((text) => this.session && this.session.write(text));
    this.screen.onResize(({ cols, rows }) => this.session && this.session.resize(cols, rows));
    this.resized = new ResizeObserver(() => fit.fit());
    this.resized.observe(this.box.current);
    this.screen.focus();
    try {
      await this.session.begin(this.props.path, words(this.state.command), this.screen.cols, this.screen.rows);
    } catch (error) {
      this.setState({ open: false, said: error.status === 404 && this.props.living
        ? 'No command can be run in it: this service does not do that, or its executor is not ours.'
        : error.message });
    }
  }

  render({ id, living }, { command, open, said }) {
    if (!mayWrite()) return html`<p class="note">A terminal is for those who may write.</p>`;
    if (!living) return html`<p class="note">It does not run.</p>`;
    return html`<form class="tools" onSubmit=${(event) => this.begin(event)}>
        <label class="filter">Command <input name="command" value=${command} required spellcheck=${false}
          onInput=${(event) => this.setState({ command: event.target.value })} /></label>
        <button type="submit" class="primary" disabled=${open}>Run it</button>
        ${open && html`<${Button} onClick=${() => { this.close(); this.setState({ open: false }); }}>Close<//>`}
      </form>
      ${said && html`<p class="note" role="status">${printable(said)}</p>`}
      <div class=${`terminal ${this.screen ? "used" : ""}`} ref=${this.box}></div>
      <p class="small">The same from a terminal: <code>${commandLine('exec', id, '-it', '--',
        ...words(command))}</code></p>`;
  }
}

// The words of a command line, as far as quotes go.
function words(text) {
  return [...text.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, one, two, three]) => one ?? two ?? three);
}
