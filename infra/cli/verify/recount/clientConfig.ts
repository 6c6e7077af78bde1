import type { SeqlineEvent } from '../../../../core/kernel/catalogue.ts';
import type { Recorded } from '../../../../core/kernel/fact.ts';
import { Rows } from './rows.ts';
import type { ExpectedTable } from './table.ts';
import { kept } from './text.ts';

/** What clients are set to, told again; for all under an empty owner. */
export class ClientConfig {
  readonly #rows = new Rows('client_config', ['owner', 'key']);

  get table(): ExpectedTable {
    return this.#rows.table;
  }

  take(event: Recorded<SeqlineEvent>): void {
    switch (event.type) {
      case 'ClientConfigured': {
        const { user, keys, values } = event.data;
        this.#set(user, keys, 'erased' in values ? [] : values);
        return;
      }
      case 'ClientDefaultsConfigured':
        this.#set('', event.data.keys, event.data.values);
        return;
      case 'ClientConfigRemoved':
        this.#set(event.data.user, event.data.keys, []);
        return;
      case 'ClientDefaultsRemoved':
        this.#set('', event.data.keys, []);
        return;
      default:
        // The rest sets no client.
        return;
    }
  }

  /** A key without a value is not set. */
  #set(owner: string, keys: readonly string[], values: readonly string[]): void {
    for (const [index, name] of keys.entries()) {
      const key = kept(name);
      const value = values[index];
      if (value === undefined) this.#rows.remove(owner, key);
      else this.#rows.put({ owner, key, value: kept(value) });
    }
  }
}
