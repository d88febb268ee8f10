// Requests to the service. All paths are relative to the page, which may stand below a prefix.

export class Refused extends Error {
  constructor(status, message, body) {
    super(message);
    this.status = status;
    this.body = body;
  }
}

let csrf = '';
let onNobody = () => {};

export function proveWith(token, nobody) {
  csrf = token || '';
  onNobody = nobody || onNobody;
}

// An answer's JSON; null where there is none. Throws Refused; status 0: the service is out of reach.
export async function ask(method, path, body, { query, headers, signal } = {}) {
  const answer = await send(method, path, body, { query, headers, signal });
  const text = await answer.text();
  const found = parsed(text);
  if (!answer.ok) throw refusal(answer.status, found);
  return found;
}

// The answer itself, as it begins: for streams.
export async function open(path, { query, signal } = {}) {
  const answer = await send('GET', path, undefined, { query, signal });
  if (!answer.ok) throw refusal(answer.status, parsed(await answer.text()));
  return answer;
}

export function get(path, query, signal) {
  return ask('GET', path, undefined, { query, signal });
}

// A path of the API: each part of an app's id is quoted, its slashes stay.
export function below(path, id) {
  return `${path}/${id.split('/').filter(Boolean).map(encodeURIComponent).join('/')}`;
}

export function url(path, query) {
  const parts = new URLSearchParams();
  for (const [name, value] of Object.entries(query || {})) {
    for (const each of [].concat(value)) parts.append(name, each);
  }
  const text = parts.toString();
  return new URL(path.replace(/^\//, '') + (text ? `?${text}` : ''), base()).href;
}

export function base() {
  return new URL('.', document.baseURI).href;
}

async function send(method, path, body, { query, headers, signal }) {
  const all = { 'X-CSRF-Token': csrf, Accept: '*/*', ...headers };
  if (method !== 'GET') all['Content-Type'] = 'application/json';
  try {
    return await fetch(url(path, query), {
      method, signal, headers: all, credentials: 'same-origin', cache: 'no-store',
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Refused(0, 'The service does not answer.', null);
  }
}

function refusal(status, body) {
  if (status === 401) onNobody();
  const said = body && (body.detail || body.message);
  const details = body && (body.errors || body.details);
  const lines = Array.isArray(details)
    ? details.map((each) => `${each.path}: ${(each.errors || []).join(', ')}`) : [];
  return new Refused(status, [said || `The service answers ${status}.`, ...lines].join('\n'), body);
}

function parsed(text) {
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}
