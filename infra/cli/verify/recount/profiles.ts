import type { Recorded } from '../../../../core/kernel/fact.ts';
import type { UserChanged, UserRegistered } from '../../../../core/user/events.ts';
import { Rows } from './rows.ts';
import type { Row, Value } from './table.ts';
import { said } from './text.ts';

/** The names that users are shown under in the lists of a read model. */
export class Profiles {
  readonly rows: Rows;

  constructor(table: string) {
    this.rows = new Rows(table, ['user_id']);
  }

  take({ data, position }: Recorded<UserRegistered> | Recorded<UserChanged>): void {
    const { user, profile } = data;
    if (profile === undefined) return;
    const nameless: Row = { user_id: user, nickname: '', face_url: '', profile_ex: '' };
    const before = 'erased' in profile ? nameless : (this.rows.get(user) ?? nameless);
    const row: Record<string, Value> = { ...before, profile_pos: position };
    if ('nickname' in profile) row['nickname'] = said(profile, 'nickname');
    if ('faceUrl' in profile) row['face_url'] = said(profile, 'faceUrl');
    if ('ex' in profile) row['profile_ex'] = said(profile, 'ex');
    this.rows.put(row);
  }
}
