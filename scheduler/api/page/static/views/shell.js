// What stands around every view: the head, what is wrong with the whole, the view, the dialog.
import { html } from '../html.js';
import { logout, store } from '../data/store.js';
import { Asking } from '../parts/dialog.js';
import { Button } from '../parts/common.js';
import { href, where } from '../routes.js';
import { printable } from '../text.js';
import { Agent } from './agent.js';
import { Agents } from './agents.js';
import { App } from './app.js';
import { Apps } from './apps.js';
import { Deployments } from './deployments.js';
import { Instance } from './instance.js';
import { Login } from './login.js';

const VIEWS = [['apps', 'Apps'], ['deployments', 'Deployments'], ['agents', 'Agents']];
const STREAM = {
  live: 'live', connecting: 'connecting …', lost: 'out of touch: what is shown may be old',
};
const THEMES = { '': 'light dark', dark: 'dark', light: 'light' };

export function Shell() {
  const { session } = store;
  if (session === null) {
    return html`<header><span class="brand">mesos-docker</span></header>
      <main><p class="note" aria-busy="true">${store.sessionError || 'Loading …'}</p></main>`; // as index.html
  }
  if (!session.role) return html`<${Login} />`;
  const place = where();
  document.title = `${place.id ? `${printable(place.id)} · ` : ''}mesos-docker`;
  return html`<a class="skip" href="#main" onClick=${skip}>To the content</a>
    <${Head} place=${place} />
    <${Troubles} />
    <main id="main" tabindex="-1" key=${`${place.view} ${place.id}`}>${view(place)}</main>
    <${Asking} />`;
}

function view({ view: name, id, tab, query }) {
  if (name === 'apps' && id) return html`<${App} id=${id} tab=${tab} />`;
  if (name === 'instances' && id) return html`<${Instance} id=${id} tab=${tab} />`;
  if (name === 'agents') {
    return id ? html`<${Agent} id=${id} />` : html`<${Agents} query=${query} />`;
  }
  if (name === 'deployments') return html`<${Deployments} />`;
  return html`<${Apps} query=${query} />`;
}

function Head({ place }) {
  const running = store.deployments.length;
  return html`<header><span class="brand">mesos-docker</span>
    <nav aria-label="Main">${VIEWS.map(([name, title]) => html`
      <a key=${name} href=${href(name)} aria-current=${name === place.view ? 'page' : null}>${title}
        ${name === 'deployments' && running > 0 && html` <span class="badge">${running}</span>`}</a>`)}
    </nav>
    <span class=${`stream ${store.stream}`} role="status">${STREAM[store.stream]}</span>
    <${Button} kind="plain" title="Light, dark, or as the system has it" onClick=${turn}>◐<//>
    <${Who} />
  </header>`;
}

function Who() {
  const { name, role, needed } = store.session;
  if (!needed) return null;
  return html`<span class="who">${printable(name)}${role === 'read' ? ' (may only read)' : ''}
    <${Button} kind="plain" onClick=${logout}>Log out<//></span>`;
}

function Troubles() {
  const { master, why, trouble } = store.framework;
  const found = [];
  if (store.loaded && master === null) {
    found.push(`There is no Mesos master: ${why || 'not subscribed yet'}. What runs goes on.`);
  }
  if (trouble) found.push(`The state cannot be written: ${trouble}. No change is taken on.`);
  if (store.error) found.push(store.error);
  return found.map((text) => html`<p key=${text} class="trouble" role="alert">${printable(text)}</p>`);
}

function skip(event) {
  event.preventDefault();
  document.getElementById('main').focus();
}

// The system's, then dark, then light; kept by the browser.
function turn() {
  const names = Object.keys(THEMES);
  const now = document.documentElement.dataset.theme || '';
  const next = names[(names.indexOf(now) + 1) % names.length];
  document.documentElement.dataset.theme = next;
  localStorage.setItem('theme', next);
}

document.documentElement.dataset.theme = localStorage.getItem('theme') || '';
