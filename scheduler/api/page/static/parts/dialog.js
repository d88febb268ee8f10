// Before anything is done: what it does, the command line that does the same, and a button.
import { html, Component } from '../html.js';
import { changed } from '../data/store.js';
import { printable } from '../text.js';

let asked = null; // the action that is asked about

// An action: { title, text, ends (whether it ends something), fields ([name, label, type, value]),
// command(values) → text, run(values) → a promise }. See data/actions.js.
export function propose(action) {
  asked = action;
  changed();
}

export function Asking() {
  return asked && html`<${Dialog} key=${asked.key} action=${asked} />`;
}

class Dialog extends Component {
  constructor({ action }) {
    super();
    const values = Object.fromEntries((action.fields || []).map(([name, , , value]) => [name, value]));
    this.state = { values: { ...values, why: '', force: false }, error: null, busy: false };
  }

  componentDidMount() {
    this.before = document.activeElement;
    this.box.showModal();
  }

  close() {
    asked = null;
    this.box.close();
    if (this.before && this.before.isConnected) this.before.focus();
    changed();
  }

  set(name, value) {
    this.setState({ values: { ...this.state.values, [name]: value } });
  }

  async run(event) {
    event.preventDefault();
    this.setState({ busy: true, error: null });
    try {
      await this.props.action.run(this.state.values);
      this.close();
    } catch (error) {
      this.setState({ error, busy: false });
    }
  }

  field([name, label, type]) {
    const value = this.state.values[name];
    return html`<label key=${name}>${label}
      <input name=${name} type=${type} min="0" max="1000000" required=${type === 'number'}
        value=${value} onInput=${(event) => this.set(name, event.target.value)} /></label>`;
  }

  render({ action }, { values, error, busy }) {
    const ends = typeof action.ends === 'function' ? action.ends(values) : action.ends;
    const locked = values.force || (error && error.status === 409 && error.body &&
      error.body.deployments && action.mayForce);
    return html`<dialog ref=${(box) => { this.box = box; }} aria-labelledby="asked"
        onCancel=${(event) => { event.preventDefault(); this.close(); }}>
      <form onSubmit=${(event) => this.run(event)}>
        <h2 id="asked">${printable(action.title)}</h2>
        <p>${typeof action.text === 'function' ? action.text(values) : action.text}</p>
        ${(action.fields || []).map((each) => this.field(each))}
        ${action.takesWhy && this.field(['why', 'Why (kept with the change)', 'text'])}
        ${locked && html`<label class="check"><input type="checkbox" name="force"
          checked=${values.force} onChange=${(event) => this.set('force', event.target.checked)} />
          Cancel the deployments that are in the way (--force)</label>`}
        <p class="small">The same from a terminal:</p>
        <code class="command">${action.command(values)}</code>
        ${error && html`<p class="error" role="alert">${printable(error.message)}</p>`}
        <div class="buttons">
          <button type="button" onClick=${() => this.close()}>Leave it</button>
          <button type="submit" class=${ends ? 'danger' : 'primary'} disabled=${busy}>
            ${busy ? 'Asking …' : action.label}</button>
        </div>
      </form>
    </dialog>`;
  }
}
