// The files of an instance's sandbox: folders, the beginning of a file, a file as a whole.
import { html, Component } from '../html.js';
import { commandLine } from '../data/actions.js';
import { get, url } from '../data/api.js';
import { Resource } from '../data/resource.js';
import { Button, Loaded } from '../parts/common.js';
import { age, printable, printableLines, size } from '../text.js';

const PIECE = 64 * 1024; // bytes that are read at a time
const MOST = 1024 * 1024; // and in all; beyond that a file is for downloading
const MISSING = 'Its sandbox cannot be read: it is gone, the agent is out of reach, or this ' +
  'service reads no files.';

export class Files extends Component {
  constructor() {
    super();
    this.state = { folder: '', file: null };
  }

  componentDidMount() {
    this.open('');
  }

  componentWillUnmount() {
    this.resource.close();
  }

  open(folder) {
    if (this.resource) this.resource.close();
    this.resource = new Resource(`${this.props.path}/files`, { path: folder });
    this.setState({ folder, file: null });
  }

  render({ id, path }, { folder, file }) {
    const up = folder.split('/').slice(0, -1).join('/');
    return html`<p class="small">${folder && html`<${Button} onClick=${() => this.open(up)}>↑ up<//> `}
        <code>/${printable(folder)}</code></p>
      ${this.resource && html`<${Loaded} resource=${this.resource} missing=${MISSING}>${(found) => html`
        <table class="files"><thead><tr><th>Name</th><th>Mode</th><th>Size</th><th>Changed</th><th></th></tr>
        </thead><tbody>${found.map((each) => this.row(each, folder, path))}</tbody></table>
        ${found.length === 0 && html`<p class="note">The folder is empty.</p>`}`}<//>`}
      ${file !== null && html`<${Content} key=${file} path=${path} file=${file} />`}
      <p class="small">The same from a terminal: <code>${
        commandLine('files', id, file === null ? folder : file)}</code></p>`;
  }

  row(each, folder, path) {
    const name = each.path.split('/').pop();
    const full = folder ? `${folder}/${name}` : name;
    const changed = typeof each.mtime === 'number' ? new Date(each.mtime * 1000).toISOString() : each.mtime;
    return html`<tr key=${name}><td><${Button} kind="link"
        onClick=${() => (each.isDirectory ? this.open(full) : this.setState({ file: full }))}>
        ${printable(name)}${each.isDirectory ? '/' : ''}<//></td>
      <td><code>${printable(String(each.mode))}</code></td>
      <td class="number">${each.isDirectory ? '' : size(each.size)}</td>
      <td>${age(changed)}</td>
      <td>${!each.isDirectory && html`<a href=${url(`${path}/files/download`, { path: full })}
        download=${name}>Download</a>`}</td></tr>`;
  }
}

class Content extends Component {
  constructor() {
    super();
    this.state = { text: '', offset: 0, done: false, error: '' };
  }

  componentDidMount() {
    this.more();
  }

  async more() {
    const { path, file } = this.props;
    const { offset, text } = this.state;
    try {
      const found = await get(`${path}/files/read`, { path: file, offset, length: PIECE });
      const { length } = found; // bytes; what is no text is shown as something else
      this.setState({
        text: text + printableLines(found.data), offset: offset + length, error: '',
        done: length === 0 || length < PIECE / 2 || offset + length >= MOST,
      });
    } catch (error) {
      this.setState({ error: error.message });
    }
  }

  render({ file }, { text, done, error }) {
    return html`<h3>${printable(file)}</h3>
      ${error && html`<p class="error" role="alert">${printable(error)}</p>`}
      <pre class="text" tabindex="0">${text}</pre>
      ${!done && !error && html`<${Button} onClick=${() => this.more()}>More<//>`}`;
  }
}
