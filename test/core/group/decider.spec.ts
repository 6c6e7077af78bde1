import { describe, expect, test } from 'vitest';
import type { GroupActor, GroupCommand } from '../../../core/group/commands.ts';
import { MEMBERS_MAX, type Role } from '../../../core/group/events.ts';
import { ERASED } from '../../../core/kernel/fact.ts';
import type { UserId } from '../../../core/kernel/ids.ts';
import { commandOf, created, decider, factOf, member, NOW, root } from '../../support/groups.ts';
import { amy, ann, bob, cat, mia } from '../../support/people.ts';
import { specFor } from '../../support/spec.ts';

const given = specFor(decider);

/** Ann's group, amy its admin, bob and mia its members; cat is in none. */
const group = created({ admins: [amy], members: [bob, mia] });
const strict = (verification: 1 | 2) =>
  created({
    admins: [amy],
    members: [bob],
    rules: { verification, lookMemberInfo: 0, applyMemberFriend: 0 },
  });
const dismissed = factOf('GroupDismissed', { version: 2, by: ann });
const disbanded = factOf('GroupDisbanded', {});

const actors: readonly (readonly [string, GroupActor])[] = [
  ['owner', member(ann)],
  ['admin', member(amy)],
  ['member', member(bob)],
  ['stranger', member(cat)],
  ['app admin', root],
];

/** Which of the actors may, in their order: `y` or `n`. */
const may = (
  allowed: string,
  command: (by: GroupActor) => GroupCommand,
  events = [group],
  refusals: readonly string[] = ['group/not-allowed'],
): void => {
  for (const [index, [name, by]] of actors.entries()) {
    const state = events.reduce(
      (before, event, revision) => decider.evolve(before, { ...event, revision }),
      decider.initialState,
    );
    const outcome = decider.decide(command(by), state);
    const is = outcome.kind === 'accepted' && outcome.events.length > 0 ? 'y' : 'n';
    expect([name, is]).toEqual([name, allowed[index]]);
    if (outcome.kind === 'refused') expect(refusals).toContain(outcome.reason);
  }
};

describe('what a group says of itself', () => {
  const change = (data: object, by = member(amy)) => commandOf('ChangeGroup', { ...data, by });

  test('[GRP-9] is changed by owner, admins and app admins', () => {
    may('yynny', (by) => change({ profile: { name: 'Other' } }, by));
    may('yynny', (by) => commandOf('MuteGroup', { muted: true, by }));
  });
  test('[GRP-9] announcement, name and all else are a notice each, in one call', () =>
    given(group)
      .when(
        change({
          profile: { name: 'Other', ex: 'x' },
          announcement: 'hello',
          rules: { verification: 2 },
        }),
      )
      .then(
        factOf('GroupChanged', { version: 2, by: amy, announcement: { text: 'hello' } }),
        factOf('GroupChanged', { version: 3, by: amy, profile: { name: 'Other' } }, 1),
        factOf(
          'GroupChanged',
          { version: 4, by: amy, profile: { ex: 'x' }, rules: { verification: 2 } },
          2,
        ),
      ));
  test('[GRP-9] what is so already is not recorded', () => {
    given(group)
      .when(
        change({ profile: { name: 'Team', ex: '' }, announcement: '', rules: { verification: 0 } }),
      )
      .then();
    given(group, factOf('GroupMuted', { version: 2, by: ann }))
      .when(commandOf('MuteGroup', { muted: true, by: member(ann) }))
      .then();
  });
  test('[GRP-9] can be cleared, and is said anew once it has been erased', () => {
    given(group, factOf('GroupChanged', { version: 2, by: ann, announcement: { text: 'old' } }))
      .when(change({ announcement: '' }))
      .then(factOf('GroupChanged', { version: 3, by: amy, announcement: { text: '' } }));
    given(created({ profile: ERASED, admins: [amy] }))
      .when(change({ profile: { name: 'Team' } }))
      .then(factOf('GroupChanged', { version: 2, by: amy, profile: { name: 'Team' } }));
  });
});

describe('coming in', () => {
  const history = { historyVisible: true };
  const join = (message = 'hi', user = cat) =>
    commandOf('JoinGroup', { user, message, ex: '', source: 3, ...history });
  const asked = factOf('JoinRequested', {
    user: cat,
    source: 3,
    application: { message: 'hi', ex: '' },
  });
  const answer = (agrees: boolean, by = member(amy)) =>
    commandOf('AnswerJoin', { user: cat, agrees, message: '', by, ...history });
  const invite = (users: readonly UserId[], by: GroupActor, line?: boolean) =>
    commandOf('InviteMembers', {
      users,
      message: 'come',
      by,
      ...history,
      ...(line === undefined ? {} : { line }),
    });
  const came = (data: object, index = 0) =>
    factOf(
      'MembersAdded',
      { version: 2, users: [cat], by: cat, source: 0, historyVisible: true, ...data },
      index,
    );

  test('[GRP-10] by oneself is at once where the group lets everybody in', () =>
    given(strict(2)).when(join()).then(came({})));
  test('[GRP-10] by oneself is to be asked for anywhere else', () => {
    given(group).when(join()).then(asked);
    given(strict(1)).when(join()).then(asked);
  });
  test('[GRP-10] a member does not come in again', () =>
    given(group).when(join('hi', bob)).refused('group/member-already'));
  test('[GRP-11] in the same words, while it waits, is the same request; in others a new one', () => {
    given(group, asked).when(join()).then();
    given(group, asked)
      .when(join('please'))
      .then(
        factOf('JoinRequested', {
          user: cat,
          source: 3,
          application: { message: 'please', ex: '' },
        }),
      );
    given(group, asked, factOf('JoinAnswered', { user: cat, by: amy, agrees: false }))
      .when(join())
      .then(asked);
  });

  test('[GRP-12] is answered by owner, admins and app admins', () =>
    may('yynny', (by) => answer(true, by), [group, asked]));
  test('[GRP-12] who is agreed to is in by the same append', () =>
    given(group, asked)
      .when(answer(true))
      .then(
        factOf('JoinAnswered', { user: cat, by: amy, agrees: true }),
        came({ by: amy, source: 3 }, 1),
      ));
  test('[GRP-12] who is refused, or in already, is only answered', () => {
    given(group, asked)
      .when(answer(false))
      .then(factOf('JoinAnswered', { user: cat, by: amy, agrees: false }));
    given(group, asked, came({ by: ann, inviter: ann, source: 2 }))
      .when(answer(true))
      .then(factOf('JoinAnswered', { user: cat, by: amy, agrees: true }));
  });
  test('[GRP-12] the same answer by the same one changes nothing; any other is refused', () => {
    const refused = factOf('JoinAnswered', { user: cat, by: amy, agrees: false });
    given(group, asked, refused).when(answer(false)).then();
    given(group, asked, refused).when(answer(true)).refused('group/request-handled');
    given(group, asked, refused)
      .when(answer(false, member(ann)))
      .refused('group/request-handled');
    const agreed = factOf('JoinAnswered', { user: cat, by: amy, agrees: true });
    given(group, asked, agreed, came({ by: amy, source: 3 }))
      .when(answer(true))
      .then();
    given(group, asked, agreed).when(answer(true)).refused('group/request-handled');
    given(group).when(answer(true)).refused('group/no-request');
  });

  test('[GRP-13] by invitation is for every member to offer, and for app admins', () =>
    may('yyyny', (by) => invite([cat], by)));
  test('[GRP-13] by invitation is at once, by whom it was and how', () => {
    given(group)
      .when(invite([cat, bob], member(mia), false))
      .then(came({ by: mia, inviter: mia, source: 2, line: false }));
    given(group)
      .when(invite([cat], root))
      .then(came({ by: root.user, inviter: root.user, source: 1 }));
    given(group)
      .when(invite([bob, mia], member(ann)))
      .then();
  });
  test('[GRP-13] where everybody has to be asked, members ask for whom they invite', () => {
    const wanted = factOf('JoinRequested', {
      user: cat,
      inviter: bob,
      source: 2,
      application: { message: 'come', ex: '' },
    });
    given(strict(1))
      .when(invite([cat], member(bob)))
      .then(wanted);
    given(strict(1), wanted)
      .when(invite([cat], member(bob)))
      .then();
    for (const by of [member(ann), member(amy)]) {
      given(strict(1))
        .when(invite([cat], by))
        .then(came({ by: by.user, inviter: by.user, source: 2 }));
    }
    given(strict(1), wanted)
      .when(answer(true))
      .then(
        factOf('JoinAnswered', { user: cat, by: amy, agrees: true }),
        came({ by: amy, inviter: bob, source: 2 }, 1),
      );
  });
  test('[GRP-21] what newcomers may see of the past is as it was set when they came', () =>
    given(strict(2))
      .when(
        commandOf('JoinGroup', {
          user: cat,
          message: '',
          ex: '',
          source: 3,
          historyVisible: false,
        }),
      )
      .then(came({ historyVisible: false })));
  test('[GRP-6] ends where the group is full', () => {
    const state = decider.evolve(decider.initialState, { ...group, revision: 0 });
    const outcome = (memberCount: number) =>
      decider.decide(invite([cat], member(ann)), { ...state, memberCount });
    expect(outcome(MEMBERS_MAX)).toMatchObject({ kind: 'refused', reason: 'group/too-many' });
    expect(outcome(MEMBERS_MAX - 1)).toMatchObject({ kind: 'accepted' });
  });
});

describe('going', () => {
  const kick = (users: readonly UserId[], by: GroupActor) =>
    commandOf('KickMembers', { users, by });
  const leave = (user: UserId) => commandOf('LeaveGroup', { user });

  test('[GRP-14] owner and app admins kick anybody but the owner, admins kick members', () => {
    may('yynny', (by) => kick([mia], by));
    may('ynnny', (by) => kick([amy], by), [group], ['group/not-allowed', 'args/invalid']);
    may('nnnnn', (by) => kick([ann], by), [group], ['args/invalid']);
  });
  test('[GRP-14] all that are named or none, and each only once', () => {
    given(group)
      .when(kick([bob, mia], member(amy)))
      .then(factOf('MembersKicked', { version: 2, users: [bob, mia], by: amy }));
    given(group)
      .when(kick([bob, cat], member(amy)))
      .refused('group/not-member');
    given(group)
      .when(kick([bob, amy], member(amy)))
      .refused('args/invalid');
    const gone = factOf('MembersKicked', { version: 2, users: [bob], by: amy });
    given(group, gone)
      .when(kick([bob], member(amy)))
      .then();
    given(group, gone)
      .when(kick([bob, mia], member(ann)))
      .then(factOf('MembersKicked', { version: 3, users: [mia], by: ann }));
  });
  test('[HOK-44] why they are kicked is recorded, if it is said', () => {
    const kicking = (reason: string) =>
      commandOf('KickMembers', { users: [bob], by: member(ann), reason });
    const kicked = { version: 2, users: [bob], by: ann };
    given(group)
      .when(kicking('spam'))
      .then(factOf('MembersKicked', { ...kicked, reason: { text: 'spam' } }));
    given(group).when(kicking('')).then(factOf('MembersKicked', kicked));
  });
  test('[GRP-15] everybody may leave but the owner; who has left has left', () => {
    given(group)
      .when(leave(bob))
      .then(factOf('MemberLeft', { version: 2, user: bob }));
    given(group)
      .when(leave(amy))
      .then(factOf('MemberLeft', { version: 2, user: amy }));
    given(group).when(leave(ann)).refused('group/owner-stays');
    given(group).when(leave(cat)).refused('group/not-member');
    given(group, factOf('MemberLeft', { version: 2, user: bob }))
      .when(leave(bob))
      .then();
  });
});

describe('standing', () => {
  const transfer = (from: UserId, to: UserId, by: GroupActor) =>
    commandOf('TransferGroup', { from, to, by });
  const mute = (user: UserId, by: GroupActor, seconds = 60) =>
    commandOf('MuteMember', { user, seconds, by });
  const change = (user: UserId, data: object, by: GroupActor) =>
    commandOf('ChangeMembers', { changes: [{ user, ...data }], by });

  test('[GRP-16] the owner hands the group over, or an app admin, and the two change roles', () => {
    may('ynnny', (by) => transfer(ann, bob, by));
    given(group)
      .when(transfer(ann, amy, member(ann)))
      .then(factOf('OwnerTransferred', { version: 2, from: ann, to: amy, fromRole: 60, by: ann }));
  });
  test('[GRP-16] an heir who is muted may speak first', () => {
    const muted = factOf('MemberMuted', {
      version: 2,
      user: bob,
      by: ann,
      until: NOW + 1,
      seconds: 1,
    });
    given(group, muted)
      .when(transfer(ann, bob, member(ann)))
      .then(
        factOf('MemberUnmuted', { version: 3, user: bob, by: ann }),
        factOf('OwnerTransferred', { version: 4, from: ann, to: bob, fromRole: 20, by: ann }, 1),
      );
  });
  test('[GRP-16] to a member, from the owner; done before, it is done', () => {
    given(group)
      .when(transfer(ann, ann, member(ann)))
      .refused('args/invalid');
    given(group)
      .when(transfer(ann, cat, member(ann)))
      .refused('args/invalid');
    given(group)
      .when(transfer(amy, bob, root))
      .refused('args/invalid');
    const over = factOf('OwnerTransferred', {
      version: 2,
      from: ann,
      to: bob,
      fromRole: 20,
      by: ann,
    });
    given(group, over)
      .when(transfer(ann, bob, member(ann)))
      .then();
    given(group, over)
      .when(transfer(ann, bob, member(amy)))
      .refused('group/not-allowed');
  });

  test('[GRP-17] owner and app admins mute whom they like, admins mute members', () => {
    may('yynny', (by) => mute(mia, by));
    may('ynnny', (by) => mute(amy, by));
    may('nnnny', (by) => mute(ann, by));
  });
  test('[GRP-17] until a time, and once; who is not muted is not unmuted', () => {
    const muted = factOf('MemberMuted', {
      version: 2,
      user: bob,
      by: amy,
      until: NOW + 60_000,
      seconds: 60,
    });
    given(group)
      .when(mute(bob, member(amy)))
      .then(muted);
    given(group, muted)
      .when(mute(bob, member(amy)))
      .then();
    given(group, muted)
      .when(mute(bob, member(ann), 0))
      .then(factOf('MemberUnmuted', { version: 3, user: bob, by: ann }));
    given(group)
      .when(mute(bob, member(ann), 0))
      .then();
    given(group)
      .when(mute(cat, member(ann)))
      .refused('group/not-member');
  });

  const sixty: Role = 60;
  test('[GRP-18] owner and app admins change whom they like, admins members, everybody oneself', () => {
    may('yynny', (by) => change(mia, { notes: { nickname: 'M' } }, by));
    may('yynny', (by) => change(mia, { role: sixty }, by));
    may('yynny', (by) => change(amy, { notes: { nickname: 'A' } }, by));
    may('yynny', (by) => change(amy, { role: 20 }, by));
    may('ynnny', (by) => change(ann, { notes: { nickname: 'O' } }, by));
    may('yyyny', (by) => change(bob, { notes: { nickname: 'B' } }, by));
    may('yynny', (by) => change(bob, { role: sixty }, by));
  });
  test('[GRP-18] nobody takes a group, and its owner stays it', () => {
    for (const [, by] of actors) {
      given(group)
        .when(change(bob, { role: 100 }, by))
        .refused('group/not-allowed');
    }
    given(group)
      .when(change(ann, { role: 60 }, member(ann)))
      .refused('args/invalid');
    given(group)
      .when(change(ann, { role: 20 }, root))
      .refused('args/invalid');
    given(group)
      .when(change(cat, { role: 60 }, member(ann)))
      .refused('args/invalid');
  });
  test('[GRP-18] role and notes are two notices, of what is different', () => {
    given(group)
      .when(change(bob, { role: 60, notes: { nickname: 'B', ex: '' } }, member(ann)))
      .then(
        factOf('MemberChanged', { version: 2, user: bob, by: ann, role: 60 }),
        factOf('MemberChanged', { version: 3, user: bob, by: ann, notes: { nickname: 'B' } }, 1),
      );
    given(group)
      .when(change(bob, { role: 20, notes: { nickname: '' } }, member(ann)))
      .then();
  });
  test('[GRP-22] of many changes all are made or none', () => {
    const changes = [
      { user: bob, notes: { nickname: 'B' } },
      { user: amy, role: 20 as const },
    ];
    const both = (by: GroupActor) => commandOf('ChangeMembers', { changes, by });
    given(group)
      .when(both(member(ann)))
      .then(
        factOf('MemberChanged', { version: 2, user: bob, by: ann, notes: { nickname: 'B' } }),
        factOf('MemberChanged', { version: 3, user: amy, by: ann, role: 20 }, 1),
      );
    given(group)
      .when(both(member(bob)))
      .refused('group/not-allowed');
  });
});

describe('the end', () => {
  const dismiss = (by: GroupActor, disband = false) => commandOf('DismissGroup', { disband, by });

  test('[GRP-19] the owner dismisses it, or an app admin, and once', () => {
    may('ynnny', (by) => dismiss(by));
    may('ynnny', (by) => dismiss(by, true));
    given(group)
      .when(dismiss(member(ann)))
      .then(dismissed);
    given(group, dismissed)
      .when(dismiss(member(ann)))
      .refused('group/dismissed');
  });
  test('[GRP-19] its members are in it until they have been told', () => {
    given(group, dismissed).when(commandOf('DisbandGroup', {})).then(disbanded);
    given(group, dismissed, disbanded).when(commandOf('DisbandGroup', {})).then();
    given(group).when(commandOf('DisbandGroup', {})).then();
  });
  test('[GRP-19] or nobody is told at all', () => {
    given(group)
      .when(dismiss(root, true))
      .then(
        factOf('GroupDismissed', { version: 2, by: root.user, line: false }),
        factOf('GroupDisbanded', {}, 1),
      );
    given(group, dismissed).when(dismiss(root, true)).then(disbanded);
    given(group, dismissed, disbanded).when(dismiss(root, true)).then();
  });
  test('[GRP-19] nobody changes anything of it any more, but who goes', () => {
    const by = member(ann);
    const history = { historyVisible: true };
    for (const command of [
      commandOf('ChangeGroup', { profile: { name: 'x' }, by }),
      commandOf('JoinGroup', { user: cat, message: '', ex: '', source: 3, ...history }),
      commandOf('AnswerJoin', { user: cat, agrees: true, message: '', by, ...history }),
      commandOf('InviteMembers', { users: [cat], message: '', by, ...history }),
      commandOf('TransferGroup', { from: ann, to: bob, by }),
      commandOf('MuteMember', { user: bob, seconds: 1, by }),
      commandOf('MuteGroup', { muted: false, by }),
      commandOf('ChangeMembers', { changes: [{ user: bob, role: 60 }], by }),
    ]) {
      given(group, dismissed).when(command).refused('group/dismissed');
      given(group, dismissed, disbanded).when(command).refused('group/dismissed');
      given().when(command).refused('group/unknown');
    }
    given(group, dismissed)
      .when(commandOf('LeaveGroup', { user: bob }))
      .then(factOf('MemberLeft', { version: 3, user: bob }));
    given(group, dismissed)
      .when(commandOf('KickMembers', { users: [bob], by }))
      .then(factOf('MembersKicked', { version: 3, users: [bob], by: ann }));
  });
});

describe('a profile that the group shows', () => {
  const show = (data: object = {}, id = 'id-now') =>
    commandOf('ShowProfile', { user: bob, nickname: true, faceUrl: false, ...data }, id);
  const shown = factOf('MemberProfileChanged', { version: 2, user: bob });

  test('[GRP-20] takes the next version when it changes, once', () => {
    given(group).when(show()).then(shown);
    given(group, shown).when(show()).then();
    given(group, shown)
      .when(show({}, 'id-later'))
      .then({
        ...factOf('MemberProfileChanged', { version: 3, user: bob }),
        id: show({}, 'id-later').id,
      });
  });
  test('[GRP-20] but not where the member shows itself otherwise, or is not there', () => {
    const own = (notes: object) =>
      factOf('MemberChanged', { version: 2, user: bob, by: bob, notes });
    given(group, own({ nickname: 'B' }))
      .when(show())
      .then();
    given(group, own({ nickname: 'B' }))
      .when(show({ faceUrl: true }))
      .then(factOf('MemberProfileChanged', { version: 3, user: bob }));
    given(group, own({ nickname: 'B' }), own({ nickname: '' }))
      .when(show())
      .then(factOf('MemberProfileChanged', { version: 3, user: bob }));
    given(group, own(ERASED))
      .when(show())
      .then(factOf('MemberProfileChanged', { version: 3, user: bob }));
    given(group)
      .when(show({ user: cat }))
      .then();
    given(group, dismissed).when(show()).then();
    given().when(show()).then();
  });
});
