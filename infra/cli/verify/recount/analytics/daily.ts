import { Rows } from '../rows.ts';
import type { ExpectedTable } from '../table.ts';
import { moment, type Event } from './words.ts';

/** What happened how often, told again. */
export class Daily {
  readonly #happenings = new Rows('analytics_daily_happenings', ['day', 'what']);
  readonly #logins = new Rows('analytics_daily_logins', ['day', 'platform']);

  take(event: Event): void {
    if (event.type === 'TokenIssued') this.#login(event, event.data.platform, 'issued');
    if (event.type === 'LoginActivated') this.#login(event, event.data.platform, 'connected');
    const [what, times] = happeningIn(event);
    if (what === '') return;
    const { day } = moment(event);
    const before = this.#happenings.get(day, what)?.['count'] ?? 0;
    this.#happenings.put({ day, what, count: Number(before) + times });
  }

  get tables(): readonly ExpectedTable[] {
    return [this.#happenings.table, this.#logins.table];
  }

  #login(event: Event, platform: number, column: 'issued' | 'connected'): void {
    const { day } = moment(event);
    const before = this.#logins.get(day, platform) ?? { issued: 0, connected: 0 };
    const { issued = 0, connected = 0 } = before;
    const after = { day, platform, issued, connected };
    this.#logins.put({ ...after, [column]: Number(after[column]) + 1 });
  }
}

/** These are called by their two words. */
const BY_NAME: readonly string[] = [
  ...['UserRegistered', 'UserBlocked', 'UserUnblocked', 'MessageRevoked', 'GroupCreated'],
  ...['FriendRequested', 'FriendAccepted', 'FriendRefused', 'FriendImported', 'FriendDeleted'],
  'GroupDismissed',
];

const happeningIn = (event: Event): readonly [string, number] => {
  switch (event.type) {
    case 'MembersAdded':
      return ['group members added', event.data.users.length];
    case 'MembersKicked':
      return ['group members kicked', event.data.users.length];
    case 'MemberLeft':
      return ['group member left', 1];
    case 'JoinRequested':
      return ['group join requested', 1];
    default:
      return BY_NAME.includes(event.type) ? [wordsOf(event.type), 1] : ['', 0];
  }
};

const wordsOf = (type: string): string =>
  type.replace(/(?<=[a-z])[A-Z]/u, (letter) => ` ${letter}`).toLowerCase();
