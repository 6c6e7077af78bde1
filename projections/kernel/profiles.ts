import type { SeqlineEvent } from '../../core/kernel/catalogue.ts';
import { isErased, type Recorded } from '../../core/kernel/fact.ts';
import type { Position, UserId } from '../../core/kernel/ids.ts';
import type { UserEvent } from '../../core/user/events.ts';
import type { Table } from './model.ts';
import { rowsOf, type RowsOptions } from './rows.ts';
import { int, shapeOf, text } from './shape.ts';
import { storable } from './text.ts';

/** What a user shows of itself; one row for each user, and none for each list that it stands in. */
export type ShownProfile = Readonly<{
  user: UserId;
  nickname: string;
  faceUrl: string;
  ex: string;
  changedPos: Position;
}>;

/**
 * A read model that shows users keeps what they say of themselves beside its lists, under one checkpoint:
 * then one version can be said of both.
 */
export const profileRowsIn = (table: string): RowsOptions<ShownProfile> => ({
  table,
  key: ['user_id'],
  partsOf: (key) => [key],
  keyOf: (row) => row.user,
  ...shapeOf<ShownProfile>({
    user: text('user_id'),
    nickname: text('nickname'),
    faceUrl: text('face_url'),
    ex: text('profile_ex'),
    changedPos: int('profile_pos'),
  }),
});

const isOfUser = (event: Recorded<SeqlineEvent>): event is Recorded<UserEvent> =>
  event.type === 'UserRegistered' || event.type === 'UserChanged';

/** Keys are destroyed all at once, so one erased part means that nothing of the profile is left. */
const foldProfile = (
  row: ShownProfile | undefined,
  { data, position }: Recorded<UserEvent>,
): ShownProfile | undefined => {
  const { user, profile } = data;
  if (profile === undefined) return row;
  if (isErased(profile)) return { user, nickname: '', faceUrl: '', ex: '', changedPos: position };
  const {
    nickname = row?.nickname ?? '',
    faceUrl = row?.faceUrl ?? '',
    ex = row?.ex ?? '',
  } = profile;
  return {
    user,
    nickname: storable(nickname),
    faceUrl: storable(faceUrl),
    ex: storable(ex),
    changedPos: position,
  };
};

export const profilesIn = (rows: RowsOptions<ShownProfile>): Table<ShownProfile> => ({
  ...rowsOf(rows),
  keysOf: (event) => (isOfUser(event) && event.data.profile !== undefined ? [event.data.user] : []),
  fold: (row, event) => (isOfUser(event) ? foldProfile(row, event) : row),
});
