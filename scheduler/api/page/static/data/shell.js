// A command in a container: asked for by a request, then talked to over a WebSocket. Binary frames
// begin with the channel (0 stdin, 1 stdout, 2 stderr); text frames are JSON.
import { ask, base } from './api.js';

const STDIN = 0;

// `told(bytes)`: what it writes; `state(text)`: how it goes; `ended(text)`: how it ended, once.
export class ShellSession {
  constructor({ told, state, ended }) {
    this.told = told;
    this.state = state;
    this.ended = ended;
    this.socket = null;
    this.over = false;
  }

  async begin(path, command, columns, rows) {
    const made = await ask('POST', `${path}/exec`, { command, tty: true, columns, rows });
    if (this.over) return;
    const to = new URL(made.url.replace(/^\//, ''), base());
    to.protocol = to.protocol.replace('http', 'ws');
    this.socket = new WebSocket(to);
    this.socket.binaryType = 'arraybuffer';
    this.socket.onmessage = ({ data }) => this.heard(data);
    this.socket.onclose = () => this.end('The connection has ended.');
    this.socket.onopen = () => this.state('connected');
  }

  write(text) {
    const bytes = new TextEncoder().encode(text);
    const frame = new Uint8Array(bytes.length + 1);
    frame[0] = STDIN;
    frame.set(bytes, 1);
    this.send(frame);
  }

  resize(columns, rows) {
    this.send(JSON.stringify({ resize: { columns, rows } }));
  }

  close() {
    this.over = true;
    if (this.socket) this.socket.close();
  }

  send(data) {
    if (this.socket && this.socket.readyState === WebSocket.OPEN) this.socket.send(data);
  }

  heard(data) {
    if (typeof data !== 'string') {
      this.told(new Uint8Array(data).subarray(1));
      return;
    }
    const said = JSON.parse(data);
    if (said.exitCode !== undefined) this.end(`It has ended with exit code ${said.exitCode}.`);
    if (said.error) this.end(said.error);
  }

  end(text) {
    if (this.over) return;
    this.over = true;
    this.ended(text);
  }
}
