// Where the page is, in the part of the address behind #: #/apps/ID/TAB?text=…
// Ids are encoded as one segment each, so whatever is in them stays an id.

export function where(hash = location.hash) {
  const [path, query = ''] = hash.replace(/^#\/?/, '').split('?');
  const [view = '', id = '', tab = ''] = path.split('/').map(decoded);
  return { view: view || 'apps', id, tab, query: new URLSearchParams(query) };
}

export function href(view, id = '', tab = '') {
  const parts = [view, id, tab].filter((each, index) => each || index === 0);
  return `#/${parts.map(encodeURIComponent).join('/')}`;
}

// The same place with another query; no new entry in the history.
export function search(changes) {
  const { query } = where();
  for (const [name, value] of Object.entries(changes)) {
    if (value) query.set(name, value);
    else query.delete(name);
  }
  const path = location.hash.split('?')[0] || '#/apps';
  const text = query.toString();
  history.replaceState(null, '', text ? `${path}?${text}` : path);
}

export function go(hash) {
  location.hash = hash;
}

// The app of an instance: the path that its id begins with. As apps/ids.py, app_of_instance.
export function appOf(instance) {
  return `/${instance.replace(/\.(instance|marathon)-[^.]+$/, '').replace(/_/g, '/')}`;
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
