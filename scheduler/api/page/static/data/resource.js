// One answer of the service that a view shows: fetched, fetched again when something has happened,
// never twice at a time, and dropped with the view.
import { get } from './api.js';
import { changed } from './store.js';

export class Resource {
  constructor(path, query) {
    this.path = path;
    this.query = query;
    this.value = null;
    this.error = null; // a Refused
    this.timer = 0;
    this.busy = false;
    this.again = false;
    this.end = new AbortController();
    this.load();
  }

  async load() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.busy = true;
    this.again = false;
    try {
      this.value = await get(this.path, this.query, this.end.signal);
      this.error = null;
    } catch (error) {
      if (error.name === 'AbortError') return;
      this.error = error;
    }
    this.busy = false;
    if (this.again) this.soon();
    changed();
  }

  // Something has happened; many things at once are one.
  soon(wait = 400) {
    if (this.busy) this.again = true;
    else this.timer ||= setTimeout(() => this.load(), wait);
  }

  close() {
    clearTimeout(this.timer);
    this.end.abort();
  }
}

// Keeps a view's resources by name, and makes one anew where its path is another.
export class Resources {
  constructor() {
    this.all = new Map();
  }

  of(name, path, query) {
    const known = this.all.get(name);
    const key = JSON.stringify([path, query]);
    if (known && known.key === key) return known.resource;
    if (known) known.resource.close();
    const resource = new Resource(path, query);
    this.all.set(name, { key, resource });
    return resource;
  }

  soon(name) {
    const known = this.all.get(name);
    if (known) known.resource.soon();
  }

  close() {
    for (const { resource } of this.all.values()) resource.close();
    this.all.clear();
  }
}
