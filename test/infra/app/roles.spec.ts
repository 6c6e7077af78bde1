import { describe, expect, test } from 'vitest';
import { rolesOf } from '../../../infra/app/roles.ts';
import { serve } from '../../../infra/app/serve.ts';
import { readConfig } from '../../../infra/config/config.ts';
import { NO_FLAGS, runCommand } from '../../support/commandRun.ts';

describe('roles', () => {
  test('are named with commas', () => {
    expect(rolesOf('api')).toEqual(new Set(['api']));
    expect(rolesOf('gateway, reactor')).toEqual(new Set(['gateway', 'reactor']));
    for (const text of ['', 'api,', 'apis', 'api gateway']) expect(rolesOf(text)).toBeUndefined();
  });

  test.each([
    ['api,door', /--roles takes api, gateway, projector, reactor.*not "api,door"/],
    ['api', /reach each other over NATS: set SEQLINE_BUS/],
  ])('[NOD-6] --roles %s is refused with what would do', async (roles, told) => {
    const { code, text } = await runCommand(() => serve(readConfig({}), { ...NO_FLAGS, roles }));
    expect([code, text]).toEqual([1, expect.stringMatching(told)]);
  });
});
