import { Rows } from '../rows.ts';
import type { ExpectedTable } from '../table.ts';
import { moment, type Event } from './words.ts';

/** How groups have grown, told again. */
export class GroupGrowth {
  readonly #groups = new Rows('analytics_groups_groups', ['group_id']);
  readonly #days = new Rows('analytics_groups_group_days', ['day', 'group_id']);

  take(event: Event): void {
    switch (event.type) {
      case 'GroupCreated': {
        const { group, admins, members } = event.data;
        this.#moved(event, group, 'joined', [...admins, ...members].length + 1);
        return;
      }
      case 'MembersAdded':
        this.#moved(event, event.data.group, 'joined', event.data.users.length);
        return;
      case 'MembersKicked':
        this.#moved(event, event.data.group, 'went', event.data.users.length);
        return;
      case 'MemberLeft':
        this.#moved(event, event.data.group, 'went', 1);
        return;
      case 'GroupDisbanded':
        this.#moved(event, event.data.group, 'went', this.#membersOf(event.data.group));
        return;
      case 'GroupDismissed':
        this.#dismissed(event, event.data.group);
        return;
      case 'MessageSent':
        if ('group' in event.data) this.#said(event, event.data.group);
        return;
      default:
        // The rest is not about groups, or moves nobody.
        return;
    }
  }

  #dismissed(event: Event, group: string): void {
    this.#moved(event, group, 'went', 0);
    const row = this.#groups.get(group) ?? {};
    row['dismissed_at'] ??= event.created;
  }

  #membersOf(group: string): number {
    return Number(this.#groups.get(group)?.['members'] ?? 0);
  }

  #said(event: Event, group: string): void {
    const row = this.#dayOf(event, group);
    row['messages'] = Number(row['messages']) + 1;
  }

  get tables(): readonly ExpectedTable[] {
    return [this.#groups.table, this.#days.table];
  }

  #moved(event: Event, group_id: string, how: 'joined' | 'went', many: number): void {
    if (this.#groups.get(group_id) === undefined) {
      const { created: created_at } = event;
      this.#groups.put({ group_id, created_at, dismissed_at: null, members: 0 });
    }
    const row = this.#groups.get(group_id) ?? {};
    row['members'] = Number(row['members']) + (how === 'joined' ? many : -many);
    const day = this.#dayOf(event, group_id);
    day[how] = Number(day[how]) + many;
  }

  #dayOf(event: Event, group_id: string): ReturnType<Rows['get']> & object {
    const { day } = moment(event);
    if (this.#days.get(day, group_id) === undefined)
      this.#days.put({ day, group_id, messages: 0, joined: 0, went: 0, members: 0 });
    const row = this.#days.get(day, group_id) ?? {};
    row['members'] = this.#membersOf(group_id);
    return row;
  }
}
