import { Rows } from '../rows.ts';
import type { ExpectedTable } from '../table.ts';
import { levelIn, moment, sortOf, type Event } from './words.ts';

const COLUMNS: Readonly<Record<string, string>> = {
  admin: 'admins',
  notification: 'notification_accounts',
  robot: 'robots',
};

/** Messages by hour, told again. */
export class Messages {
  readonly #accounts = new Rows('analytics_messages_accounts', ['user_id']);
  readonly #hours = new Rows('analytics_messages_hours', ['day', 'hour', 'chat', 'content_type']);

  take(event: Event): void {
    const said = levelIn(event);
    if (said !== undefined) {
      const [user_id, level] = said;
      if (sortOf(level) === 'user') this.#accounts.remove(user_id);
      else this.#accounts.put({ user_id, kind: sortOf(level) });
    }
    if (event.type !== 'MessageSent') return;
    const { contentType: content_type, from, system } = event.data;
    const chat = 'to' in event.data ? 'direct' : 'group';
    const { day, hour } = moment(event);
    const key = [day, hour, chat, content_type] as const;
    if (this.#hours.get(...key) === undefined) {
      const senders = { users: 0, admins: 0, notification_accounts: 0, robots: 0, system: 0 };
      this.#hours.put({ day, hour, chat, content_type, ...senders, changed_by_app: 0 });
    }
    const row = this.#hours.get(...key);
    if (row === undefined) return;
    const kind = this.#accounts.get(from)?.['kind'] ?? '';
    const column = system ? 'system' : (COLUMNS[String(kind)] ?? 'users');
    row[column] = Number(row[column]) + 1;
    if (event.meta.modifiedBy !== undefined)
      row['changed_by_app'] = Number(row['changed_by_app']) + 1;
  }

  get tables(): readonly ExpectedTable[] {
    return [this.#accounts.table, this.#hours.table];
  }
}
