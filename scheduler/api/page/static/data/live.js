// The service's events as they happen (/api/v1/events). The browser comes back by itself, and all is
// fetched once when it has. While the stream stands nothing is polled.
import { url } from './api.js';

const TYPES = [
  'status_update_event', 'instance_changed_event', 'instance_health_changed_event',
  'unknown_instance_terminated_event', 'app_terminated_event', 'api_post_event',
  'deployment_info', 'deployment_step_success', 'deployment_step_failure', 'deployment_success',
  'deployment_failed', 'group_change_success', 'scheduler_registered_event',
  'scheduler_reregistered_event', 'scheduler_disconnected_event', 'mesos_docker_mass_loss',
  'mesos_docker_mass_loss_lifted', 'mesos_docker_deployment_paused',
  'mesos_docker_deployment_resumed',
];
const LONGEST = 15000; // milliseconds between two attempts

// `tell`: { event(type, data), whole() where what was missed is not known, state(text) }.
export class Live {
  constructor(tell) {
    this.tell = tell;
    this.source = null;
    this.wait = 500;
    this.timer = 0;
  }

  start() {
    this.stop();
    this.tell.state('connecting');
    const source = new EventSource(url('/api/v1/events', { event_type: TYPES.join(',') }));
    this.source = source;
    source.addEventListener('event_stream_attached', () => {
      this.wait = 500;
      this.tell.state('live');
      this.tell.whole(); // also who comes back before it has seen an event
    });
    source.addEventListener('mesos_docker_gap', () => this.tell.whole());
    for (const type of TYPES) {
      source.addEventListener(type, (event) => this.tell.event(type, JSON.parse(event.data)));
    }
    source.onerror = () => {
      this.tell.state('lost');
      if (source.readyState === EventSource.CLOSED) this.again();
    };
  }

  stop() {
    clearTimeout(this.timer);
    if (this.source) this.source.close();
    this.source = null;
  }

  again() {
    this.stop();
    this.timer = setTimeout(() => this.tell.retry(), this.wait);
    this.wait = Math.min(this.wait * 2, LONGEST);
  }
}

// The apps that an event is about.
export function appsOf(data) {
  const found = new Set();
  for (const each of [data.appId, data.runSpecId, data.appDefinition && data.appDefinition.id]) {
    if (each) found.add(each);
  }
  for (const step of (data.plan && data.plan.steps) || []) {
    for (const action of step.actions) found.add(action.app);
  }
  return found;
}

// The instance that an event is about; a task's id is its instance's with two parts more.
export function instanceOf(data) {
  if (data.instanceId) return data.instanceId;
  return data.taskId ? data.taskId.replace(/\._app(\.\d+)?$/, '') : null;
}
