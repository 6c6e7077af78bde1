import type { SeqlineEvent } from '../../../../core/kernel/catalogue.ts';
import type { Recorded } from '../../../../core/kernel/fact.ts';
import type { ExpectedTable, Row } from './table.ts';
import { kept } from './text.ts';

/** All users, as their own events tell of them. */
export class Users {
  readonly #rows = new Map<string, Record<string, string | number | null>>();

  take(event: Recorded<SeqlineEvent>): void {
    if (event.type !== 'UserRegistered' && event.type !== 'UserChanged') return;
    const { user, profile, level, globalReceive } = event.data;
    const row =
      event.type === 'UserRegistered'
        ? { user_id: user, created_at: event.created, created_pos: event.position }
        : { ...this.#rows.get(user) };
    this.#rows.set(user, row);
    Object.assign(row, { changed_pos: event.position });
    if (level !== undefined) Object.assign(row, { level });
    if (globalReceive !== undefined) Object.assign(row, { global_receive: globalReceive });
    if (profile === undefined) return;
    if ('erased' in profile) {
      Object.assign(row, { nickname: null, face_url: null, ex: null });
      return;
    }
    const { nickname, faceUrl, ex } = profile;
    if (nickname !== undefined) Object.assign(row, { nickname: kept(nickname) });
    if (faceUrl !== undefined) Object.assign(row, { face_url: kept(faceUrl) });
    if (ex !== undefined) Object.assign(row, { ex: kept(ex) });
  }

  get table(): ExpectedTable {
    return {
      name: 'users',
      key: ['user_id'],
      size: () => this.#rows.size,
      expected: ({ user_id: user }): Row | undefined => this.#rows.get(String(user)),
      all: () => this.#rows.values(),
    };
  }
}
