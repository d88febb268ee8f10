// A token, or a user and a password, becomes a cookie that no script can read.
import { html, Component } from '../html.js';
import { login, store } from '../data/store.js';
import { printable } from '../text.js';

export class Login extends Component {
  constructor() {
    super();
    this.state = { error: '', busy: false };
  }

  async sent(event) {
    event.preventDefault();
    const { token, user, password } = Object.fromEntries(new FormData(event.target));
    this.setState({ busy: true, error: '' });
    try {
      await login(token ? { token } : { user, password });
    } catch (error) {
      this.setState({ busy: false, error: error.message });
    }
  }

  render(_, { error, busy }) {
    return html`<main class="center"><form class="login" onSubmit=${(event) => this.sent(event)}>
      <h1>mesos-docker</h1>
      <label>Token <input name="token" type="password" autocomplete="off" autofocus /></label>
      <p class="small">or</p>
      <label>User <input name="user" autocomplete="username" /></label>
      <label>Password
        <input name="password" type="password" autocomplete="current-password" /></label>
      <button type="submit" class="primary" disabled=${busy}>Log in</button>
      ${(error || store.sessionError) &&
        html`<p class="error" role="alert">${printable(error || store.sessionError)}</p>`}
      <p class="small">On the machine of the service, <code>mesos-docker ui</code> prints a link
        that logs you in.</p>
    </form></main>`;
  }
}
