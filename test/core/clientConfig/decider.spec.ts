import { describe, test } from 'vitest';
import {
  clientConfig,
  CONFIG_KEYS_MAX,
  type ConfigureClient,
  type UnconfigureClient,
} from '../../../core/clientConfig/decider.ts';
import type { ClientConfigEvent } from '../../../core/clientConfig/events.ts';
import type { Decided } from '../../../core/kernel/decider.ts';
import { ERASED } from '../../../core/kernel/fact.ts';
import { ann, by, eventId } from '../../support/people.ts';
import { specFor } from '../../support/spec.ts';

const given = specFor(clientConfig);
const call = { id: eventId('now'), at: 1, meta: by('imAdmin') } as const;
const ofAnn = { user: ann } as const;

const set = (
  configs: Readonly<Record<string, string>>,
  of: Readonly<{ user?: typeof ann }> = ofAnn,
): ConfigureClient => ({ ...call, type: 'ConfigureClient', data: { ...of, configs } });
const unset = (
  keys: readonly string[],
  of: Readonly<{ user?: typeof ann }> = ofAnn,
): UnconfigureClient => ({ ...call, type: 'UnconfigureClient', data: { ...of, keys } });

const configured = (...pairs: readonly (readonly [string, string])[]) => ({
  keys: pairs.map(([key]) => key),
  values: pairs.map(([, value]) => value),
});
const forAnn = (...pairs: readonly (readonly [string, string])[]): Decided<ClientConfigEvent> => ({
  id: call.id,
  type: 'ClientConfigured',
  data: { ...ofAnn, ...configured(...pairs) },
});
const forAll = (...pairs: readonly (readonly [string, string])[]): Decided<ClientConfigEvent> => ({
  id: call.id,
  type: 'ClientDefaultsConfigured',
  data: configured(...pairs),
});

describe('what clients are set to', () => {
  test('[USR-34] is recorded for a user, and for all', () => {
    given()
      .when(set({ a: '1', b: '' }))
      .then(forAnn(['a', '1'], ['b', '']));
    given()
      .when(set({ a: '1' }, {}))
      .then(forAll(['a', '1']));
  });
  test('[USR-34] only what differs is recorded, and nothing when nothing does', () => {
    given(forAnn(['a', '1'], ['b', '2']))
      .when(set({ a: '1', b: '3' }))
      .then(forAnn(['b', '3']));
    given(forAnn(['a', '1']))
      .when(set({ a: '1' }))
      .then();
  });
  test('[USR-34] keys are removed where they are set', () => {
    given(forAnn(['a', '1'], ['b', '2']))
      .when(unset(['b', 'c', 'b']))
      .then({ id: call.id, type: 'ClientConfigRemoved', data: { ...ofAnn, keys: ['b'] } });
    given(forAll(['a', '1']))
      .when(unset(['a'], {}))
      .then({ id: call.id, type: 'ClientDefaultsRemoved', data: { keys: ['a'] } });
    given(forAnn(['a', '1']))
      .when(unset(['c']))
      .then();
  });
  test('[USR-35] there are 200 keys at most, and those that are there may still change', () => {
    const all = Array.from(
      { length: CONFIG_KEYS_MAX },
      (_, index) => [`k${String(index)}`, '1'] as const,
    );
    given(forAnn(...all))
      .when(set({ more: '1' }))
      .refused('config/too-many');
    given(forAnn(...all))
      .when(set({ k7: '2' }))
      .then(forAnn(['k7', '2']));
  });
  test('[SEA-2] what is erased may be set anew, and removed', () => {
    const erased: Decided<ClientConfigEvent> = {
      id: call.id,
      type: 'ClientConfigured',
      data: { ...ofAnn, keys: ['a'], values: ERASED },
    };
    given(erased)
      .when(set({ a: '1' }))
      .then(forAnn(['a', '1']));
    given(erased)
      .when(unset(['a']))
      .then({ id: call.id, type: 'ClientConfigRemoved', data: { ...ofAnn, keys: ['a'] } });
  });
});
