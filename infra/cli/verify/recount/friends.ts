import type { BlockEvent } from '../../../../core/block/events.ts';
import type {
  FriendAccepted,
  FriendConfigured,
  FriendRefused,
  FriendRequested,
} from '../../../../core/friendship/events.ts';
import type { SeqlineEvent } from '../../../../core/kernel/catalogue.ts';
import type { Recorded } from '../../../../core/kernel/fact.ts';
import { Lists } from './lists.ts';
import { Profiles } from './profiles.ts';
import { Rows } from './rows.ts';
import type { ExpectedTable } from './table.ts';
import { said } from './text.ts';

/** Friends, their requests, who has blocked whom, and the names they are shown under, told again. */
export class Friends {
  readonly #friends = new Rows('friends', ['owner', 'friend']);
  readonly #requests = new Rows('friend_requests', ['from_user', 'to_user']);
  readonly #blacks = new Rows('blacks', ['owner', 'blocked']);
  readonly #profiles = new Profiles('friend_profiles');
  readonly #lists = new Lists();

  get tables(): readonly ExpectedTable[] {
    return [this.#friends, this.#requests, this.#blacks, this.#lists.rows, this.#profiles.rows].map(
      (rows) => rows.table,
    );
  }

  take(event: Recorded<SeqlineEvent>): void {
    switch (event.type) {
      case 'UserRegistered':
      case 'UserChanged':
        this.#profiles.take(event);
        return;
      case 'UserBlocked':
      case 'UserUnblocked':
        this.#block(event);
        return;
      case 'FriendRequested':
        this.#request(event);
        return;
      case 'FriendRefused':
        this.#refuse(event);
        return;
      case 'FriendAccepted': {
        const { from, to } = event.data;
        this.#accept(event);
        this.#befriend(from, to, { ...event, source: 2, operator: from });
        return;
      }
      case 'FriendImported': {
        const { owner, friend } = event.data;
        this.#befriend(owner, friend, { ...event, source: 1, operator: event.meta.actor });
        return;
      }
      case 'FriendDeleted':
        this.#friends.remove(event.data.owner, event.data.friend);
        this.#lists.went(event.data.owner, 'friends', event.data.friend, event.position);
        return;
      case 'FriendConfigured':
        this.#configure(event);
        return;
      default:
        // The rest is not about who knows whom.
        return;
    }
  }

  #befriend(
    one: string,
    other: string,
    how: Readonly<{ source: number; operator: string; created: number; position: number }>,
  ): void {
    const { source, operator, created, position } = how;
    for (const [owner, friend] of [
      [one, other],
      [other, one],
    ] as const) {
      this.#lists.came(owner, 'friends', friend, position);
      if (this.#friends.get(owner, friend) !== undefined) continue;
      this.#friends.put({
        ...{ owner, friend, remark: '', ex: '', pinned: false, source, operator },
        ...{ created_at: created, created_pos: position, changed_pos: position },
      });
    }
  }

  #configure({ data, position }: Recorded<FriendConfigured>): void {
    const { owner, friend, pinned, notes } = data;
    if (pinned !== undefined) this.#lists.sorted(owner, 'friends', position);
    const row = this.#friends.get(owner, friend);
    if (row === undefined) return;
    row['changed_pos'] = position;
    if (pinned !== undefined) row['pinned'] = pinned;
    if (notes === undefined) return;
    for (const name of ['remark', 'ex']) {
      if (name in notes || 'erased' in notes) row[name] = said(notes, name);
    }
  }

  #request({ data, created, position }: Recorded<FriendRequested>): void {
    const { from, to, application } = data;
    this.#requests.put({
      ...{ from_user: from, to_user: to, result: 0 },
      ...{ greeting: said(application, 'greeting'), ex: said(application, 'ex') },
      ...{ created_at: created, created_pos: position },
      ...{ handler: '', answer: '', handled_at: 0 },
    });
  }

  #refuse({ data, created }: Recorded<FriendRefused>): void {
    const row = this.#requests.get(data.from, data.to);
    if (row === undefined) return;
    Object.assign(row, {
      ...{ result: -1, answer: said(data.answer, 'message') },
      handled_at: created,
    });
  }

  #accept({ data, meta, created }: Recorded<FriendAccepted>): void {
    const agreed = { result: 1, handler: meta.actor, handled_at: created };
    const answered = this.#requests.get(data.from, data.to);
    if (answered !== undefined) {
      Object.assign(answered, agreed, { answer: said(data.answer, 'message') });
    }
    // One in the other direction that waits is agreed to with it, and nothing is said to it.
    const crossing = this.#requests.get(data.to, data.from);
    if (crossing?.['result'] === 0) Object.assign(crossing, agreed, { answer: '' });
  }

  #block({ type, data, meta, created, position }: Recorded<BlockEvent>): void {
    const { owner, blocked } = data;
    if (type === 'UserUnblocked') {
      this.#blacks.remove(owner, blocked);
      this.#lists.went(owner, 'blacks', blocked, position);
      return;
    }
    this.#lists.came(owner, 'blacks', blocked, position);
    this.#blacks.put({
      ...{ owner, blocked, ex: said(data.notes, 'ex'), operator: meta.actor },
      ...{ created_at: created, created_pos: position },
    });
  }
}
