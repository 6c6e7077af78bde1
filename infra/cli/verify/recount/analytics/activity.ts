import { Rows } from '../rows.ts';
import type { ExpectedTable } from '../table.ts';
import { doneBy, levelIn, moment, sortOf, type Event } from './words.ts';

/** Users, and who of them was active on which day, told again. */
export class Activity {
  readonly #users = new Rows('analytics_activity_users', ['user_id']);
  readonly #days = new Rows('analytics_activity_user_days', ['day', 'user_id']);

  take(event: Event): void {
    const done = doneBy(event);
    if (done !== undefined) {
      const [user_id, what] = done;
      this.#active(event, user_id, what);
      const user = this.#users.get(user_id);
      if (user !== undefined && what === 'sent') user['first_sent_at'] ??= event.created;
      if (user !== undefined && what === 'logged_in') user['first_login_at'] ??= event.created;
    }
    const said = levelIn(event);
    if (said === undefined) return;
    const [user_id, level] = said;
    const user = this.#users.get(user_id);
    if (user !== undefined) user['kind'] = sortOf(level);
    else if (event.type === 'UserRegistered') {
      const nothing = { first_sent_at: null, first_login_at: null };
      const { created: registered_at } = event;
      this.#users.put({ user_id, kind: sortOf(level), registered_at, ...nothing });
    }
  }

  get tables(): readonly ExpectedTable[] {
    return [this.#users.table, this.#days.table];
  }

  #active(event: Event, user_id: string, what: string): void {
    const { day } = moment(event);
    if (this.#days.get(day, user_id) === undefined) {
      const kind = this.#users.get(user_id)?.['kind'] ?? 'user';
      this.#days.put({ day, user_id, kind, sent: false, read: false, logged_in: false });
    }
    const row = this.#days.get(day, user_id);
    if (row !== undefined) row[what] = true;
  }
}
