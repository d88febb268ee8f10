// What a task writes, as it is written: one request whose answer does not end, begun again where it
// broke off.
import { open } from './api.js';

const AGAIN = 2000; // milliseconds before another attempt

// `told(data)`: what was written; `state(text)`: how it goes; `failed(error)`: it cannot be had.
export class Tail {
  constructor(path, stream, lines, { told, state, failed }) {
    Object.assign(this, { path, stream, lines, told, state, failed });
    this.offset = null; // the byte that comes next; null: the last lines
    this.end = new AbortController();
    this.run();
  }

  close() {
    this.end.abort();
  }

  async run() {
    while (!this.end.signal.aborted) {
      try {
        await this.follow();
        this.state('it has ended');
        return;
      } catch (error) {
        if (error.name === 'AbortError') return;
        if (error.status >= 400 && error.status !== 503) {
          this.failed(error);
          return;
        }
        this.state('out of touch; trying again');
        await new Promise((done) => { setTimeout(done, AGAIN); });
      }
    }
  }

  async follow() {
    const query = { stream: this.stream, follow: '1' };
    if (this.offset === null) query.tail = this.lines;
    else query.offset = this.offset;
    const answer = await open(this.path, { query, signal: this.end.signal });
    this.state('live');
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const parts = (rest + value).replace(/\r\n/g, '\n').split('\n\n');
      rest = parts.pop();
      for (const part of parts) this.event(part);
    }
  }

  event(text) {
    const fields = Object.fromEntries(text.split('\n').map((each) => each.split(/: ?(.*)/, 2)));
    if (fields.data === undefined) return;
    const found = JSON.parse(fields.data);
    if (fields.event === 'trouble') this.state(found.detail || 'live');
    if (typeof found.data !== 'string') return;
    this.offset = Number(fields.id) || found.offset; // where the piece ends
    this.told(found.data);
  }
}
