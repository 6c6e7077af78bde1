import { describe, expect, test, vi } from 'vitest';
import { rolesOf } from '../../../infra/app/roles.ts';
import { serve } from '../../../infra/app/serve.ts';
import { readConfig } from '../../../infra/config/config.ts';

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
    const said: string[] = [];
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0);
    const code = await serve(readConfig({}), {
      ...{ rest: [], roles, platform: undefined, reason: undefined, port: undefined },
      ...{ host: undefined, exposed: false, allowWrites: false, json: false },
      ...{ logOnly: false, verifyOnly: false },
    });
    vi.restoreAllMocks();
    expect([code, said.join('')]).toEqual([1, expect.stringMatching(told)]);
  });
});
