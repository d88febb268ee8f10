// What the page knows, in one place: apps in numbers, running deployments, who asks, and whether the
// stream stands. Events mark apps as changed; what has changed is fetched together, a few times a
// second at most; whoever shows something is told once for all of it.
import { ask, get, proveWith } from './api.js';
import { Live, appsOf } from './live.js';

const PAUSE = 250; // milliseconds between two fetches of what has changed
const AFTER = 1500; // and once more after the last event of an app: some things change in silence
const MOST = 100; // apps by name in one fetch; beyond that all are fetched

export const store = {
  session: null, // null: not known yet; role null: the form is shown
  sessionError: '',
  apps: new Map(),
  sorted: [], // the same by their ids
  event: 0,
  framework: { master: '', why: null, trouble: null },
  deployments: [],
  paused: [], // ids of deployments
  loaded: false,
  stream: 'connecting',
  error: '',
};

const listeners = new Set();
const watchers = new Set();
const dirty = new Map(); // app to the number of fetches that it still wants
const late = new Map(); // app to the time at which it is looked at once more
let wholeWanted = false;
let deploymentsWanted = false;
let fetching = false;
let timer = 0;
let lateTimer = 0;

export function onChange(listener) {
  listeners.add(listener);
}

export function changed() {
  for (const each of listeners) each();
}

// Be told of each event as (type, data); and of null where all may be otherwise. Ends by the answer.
export function watch(watcher) {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

const live = new Live({
  event(type, data) {
    for (const app of appsOf(data)) mark(app);
    if (type.includes('deployment') || type === 'group_change_success') deploymentsWanted = true;
    if (type.startsWith('scheduler') || type.includes('mass_loss')) wholeWanted = true;
    for (const each of watchers) each(type, data);
    soon();
  },
  whole() {
    wholeWanted = true;
    deploymentsWanted = true;
    for (const each of watchers) each(null, null);
    soon();
  },
  state(text) {
    store.stream = text;
    changed();
  },
  retry() {
    begin();
  },
});

// Who asks, by the cookie or by the key of a link; then everything else.
export async function begin() {
  const key = /^#login=([\w-]+)$/.exec(location.hash);
  try {
    if (key) {
      history.replaceState(null, '', location.pathname);
      await login({ key: key[1] });
      return;
    }
    known(await get('/api/v1/session'));
  } catch (error) {
    store.sessionError = error.message;
    if (error.status === 0) live.again();
    else known({ role: null, needed: true, name: '', csrf: null });
  }
  changed();
}

export async function login(credential) {
  known(await ask('POST', '/api/v1/session', credential));
}

export async function logout() {
  live.stop();
  await ask('DELETE', '/api/v1/session');
  forget();
}

// Browsers open six connections to a host, for all tabs together: a tab that nobody looks at gives
// its stream up, and comes back to all of it when somebody does.
const UNSEEN = 15000; // milliseconds
let unseen = 0;
let resting = false;

function rest() {
  live.stop();
  resting = true;
}

function wake() {
  clearTimeout(unseen);
  if (resting && store.session && store.session.role) begin();
  resting = false;
}

addEventListener('pagehide', rest);
addEventListener('pageshow', wake);
document.addEventListener('visibilitychange', () => {
  if (document.hidden) unseen = setTimeout(rest, UNSEEN);
  else wake();
});

function known(session) {
  store.session = session;
  proveWith(session.csrf, forget);
  if (session.role) {
    store.sessionError = '';
    live.start();
  }
  changed();
}

function forget() {
  live.stop();
  Object.assign(store, {
    session: { role: null, needed: true, name: '', csrf: null }, apps: new Map(), sorted: [],
    deployments: [], loaded: false, event: 0,
  });
  changed();
}

function mark(app) {
  dirty.set(app, 1);
  late.set(app, Date.now() + AFTER);
  lateTimer ||= setTimeout(lookAgain, AFTER);
}

function lookAgain() {
  lateTimer = 0;
  const now = Date.now();
  for (const [app, at] of late) {
    if (at <= now) {
      late.delete(app);
      dirty.set(app, 1);
    }
  }
  if (late.size) lateTimer = setTimeout(lookAgain, 300);
  if (dirty.size) soon();
}

export function soon(wait = PAUSE) {
  if (!fetching) timer ||= setTimeout(fetchChanged, wait);
}

async function fetchChanged() {
  timer = 0;
  fetching = true;
  const asked = [...dirty.keys()];
  const whole = wholeWanted || !store.loaded || asked.length > MOST ||
    asked.join('').length > 6000;
  const wants = deploymentsWanted;
  dirty.clear();
  wholeWanted = deploymentsWanted = false;
  try {
    if (whole) take(await get('/api/v1/overview'), null);
    else if (asked.length) take(await get('/api/v1/overview', { app: asked }), asked);
    if (wants || whole) store.deployments = await get('/v2/deployments');
    store.loaded = true;
    store.error = '';
  } catch (error) {
    store.error = error.status === 401 ? '' : error.message;
    if (error.status !== 401) {
      wholeWanted = deploymentsWanted = true;
      timer = setTimeout(fetchChanged, 2000);
    }
  }
  fetching = false;
  changed();
  if (dirty.size || wholeWanted || deploymentsWanted) soon();
}

// `asked`: the apps that this was asked for; null: all. One that is not in it is gone.
function take(answer, asked) {
  const found = new Map(answer.apps.map((each) => [each.id, each]));
  let order = asked === null;
  if (asked === null) store.apps = found;
  else {
    for (const id of asked) {
      order ||= store.apps.has(id) !== found.has(id);
      if (found.has(id)) store.apps.set(id, found.get(id));
      else store.apps.delete(id);
    }
  }
  store.event = answer.event;
  store.framework = answer.framework;
  store.paused = answer.paused;
  store.sorted = order
    ? [...store.apps.values()].sort((one, other) => (one.id < other.id ? -1 : 1))
    : store.sorted.map((each) => found.get(each.id) || each);
}

export function mayWrite() {
  return store.session !== null && store.session.role === 'write';
}
