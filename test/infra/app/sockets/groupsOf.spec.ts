import { expect, test } from 'vitest';
import type { GroupId, Position, UserId } from '../../../../core/kernel/ids.ts';
import { NotAnswerable } from '../../../../gateways/ports.ts';
import { groupsOf } from '../../../../infra/app/sockets/groupsOf.ts';
import { ann } from '../../../support/people.ts';

const world = (reached: boolean) => {
  const asked: (readonly [UserId, Position])[] = [];
  const joinedUpTo = (user: UserId, position: Position) => {
    asked.push([user, position]);
    return Promise.resolve(['team' as GroupId]);
  };
  const models = { reached: () => Promise.resolve(reached) };
  return { asked, of: groupsOf({ joinedUpTo }, models) };
};

test('[GRP-86] the groups of who connects are those as of what is followed here', async () => {
  const { asked, of } = world(true);
  expect(await of(ann, 40)).toEqual(['team']);
  expect(asked).toEqual([[ann, 40]]);
});

test('who connects while the lists are behind is to come again', async () => {
  const { asked, of } = world(false);
  await expect(of(ann, 40)).rejects.toThrow(NotAnswerable);
  expect(asked).toEqual([]);
});
