// What can be done from the page, each with the command that does the same (deploy/client/changes.py).
import { ask, base, below } from './api.js';
import { go } from '../routes.js';
import { count, shell } from '../text.js';

const DEFAULT = 'http://127.0.0.1:8080/'; // the service that commands ask when none is named

function command(...words) {
  const here = base();
  const said = here === DEFAULT ? [] : ['--service', here.replace(/\/$/, '')];
  return ['mesos-docker', ...words.filter((each) => each !== ''), ...said].map(shell).join(' ');
}

function more({ force, why }) {
  return [force ? '--force' : '', ...(why ? ['-m', why] : [])];
}

function change(method, path, body, { force, why }, query = {}) {
  const bytes = new TextEncoder().encode((why || '').replace(/\s+/g, ' ').trim());
  const headers = bytes.length ? { 'X-Mesos-Docker-Why': String.fromCharCode(...bytes) } : {};
  return ask(method, path, body, { headers, query: force ? { ...query, force: 'true' } : query });
}

const short = (id) => id.replace(/^\//, '');

export function scale(app) {
  return {
    key: `scale ${app.id}`, title: `Scale ${app.id}`, label: 'Scale', takesWhy: true, mayForce: true,
    fields: [['instances', 'Instances', 'number', app.wanted]],
    ends: ({ instances }) => Number(instances) < app.wanted,
    text: ({ instances }) => (Number(instances) < app.wanted
      ? `Ends ${count(app.wanted - Number(instances), 'instance')} of ${app.wanted}.`
      : `Now it wants ${count(app.wanted, 'instance')}.`),
    command: (values) => command('scale', short(app.id), String(values.instances), ...more(values)),
    run: (values) => change('POST', below('/api/v1/scale', app.id),
      { instances: Number(values.instances) }, values),
  };
}

export function restart(app) {
  return {
    key: `restart ${app.id}`, title: `Restart ${app.id}`, label: 'Restart', ends: true,
    takesWhy: true, mayForce: true,
    text: `Replaces ${count(app.wanted, 'instance')}, as an upgrade does.`,
    command: (values) => command('restart', short(app.id), ...more(values)),
    run: (values) => change('POST', `${below('/v2/apps', app.id)}/restart`, {}, values),
  };
}

export function remove(app) {
  return {
    key: `rm ${app.id}`, title: `Remove ${app.id}`, label: 'Remove', ends: true, takesWhy: true,
    text: 'Ends all of its instances and forgets its versions, whatever deployments are at it.',
    command: (values) => command('rm', short(app.id), ...more(values)),
    run: async (values) => {
      await change('DELETE', below('/v2/apps', app.id), undefined, values);
      go('#/apps');
    },
  };
}

export function revert(app, version) {
  return {
    key: `revert ${app.id} ${version}`, title: `Make ${app.id} what it was at ${version}`,
    label: 'Revert', ends: true, takesWhy: true, mayForce: true,
    text: 'A rolling upgrade to this version: instances of another configuration are replaced.',
    command: (values) => command('revert', short(app.id), version, ...more(values)),
    run: (values) => change('PUT', below('/v2/apps', app.id), { version }, values),
  };
}

export function promote(app) {
  return {
    key: `promote ${app.id}`, title: `Promote the canaries of ${app.id}`, label: 'Promote',
    ends: true, text: 'They are good: all other instances are replaced.',
    command: () => command('promote', short(app.id)),
    run: () => ask('POST', below('/api/v1/promote', app.id)),
  };
}

export function kill(instance) {
  return {
    key: `kill ${instance.id}`, title: `End ${instance.id}`, label: 'End it', ends: true,
    text: 'Ends its task; another one takes its place.',
    command: () => command('kill', instance.id),
    run: () => ask('POST', '/v2/tasks/delete', { ids: [instance.taskId] }),
  };
}

export function rollback(id) {
  return {
    key: `rollback ${id}`, title: 'Roll this deployment back', label: 'Roll back', ends: true,
    text: 'Its apps become again what they were before.',
    command: () => command('rollback', id),
    run: () => ask('DELETE', `/v2/deployments/${encodeURIComponent(id)}`),
  };
}

export function stop(id) {
  return {
    key: `stop ${id}`, title: 'Stop this deployment', label: 'Stop', ends: true,
    text: 'It goes no further, and is not taken back: everything stays as it is now.',
    command: () => command('stop', id),
    run: () => ask('DELETE', `/v2/deployments/${encodeURIComponent(id)}`, undefined,
      { query: { force: 'true' } }),
  };
}

export function pause(id) {
  return {
    key: `pause ${id}`, title: 'Pause this deployment', label: 'Pause', ends: false,
    text: 'It waits until it is resumed.',
    command: () => command('pause', id),
    run: () => ask('POST', `/api/v1/deployments/${encodeURIComponent(id)}/pause`),
  };
}

export function resume(id) {
  return {
    key: `resume ${id}`, title: 'Resume this deployment', label: 'Resume', ends: false,
    text: 'It goes on.',
    command: () => command('resume', id),
    run: () => ask('POST', `/api/v1/deployments/${encodeURIComponent(id)}/resume`),
  };
}

export const commandLine = command;
