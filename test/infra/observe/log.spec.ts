import { describe, expect, test } from 'vitest';
import { createLog } from '../../../infra/observe/log.ts';
import { redactUrl } from '../../../infra/redactUrl.ts';

const written = (level: Parameters<typeof createLog>[0] = 'info') => {
  const lines: string[] = [];
  const log = createLog(level, { write: (line) => lines.push(line) });
  return { log, lines };
};

describe('[OPS-25] the log', () => {
  test('blots out tokens and secrets, however deep', () => {
    const { log, lines } = written();
    const secret = 'hunter2';
    log.info({ token: secret, secret, authorization: secret, DATABASE_URL: secret }, 'top');
    log.info({ req: { headers: { token: secret, authorization: secret } } }, 'deeper');
    log.info({ a: { b: { c: { secret } } } }, 'deepest');
    expect(lines).toHaveLength(3);
    expect(lines.join('')).not.toContain(secret);
    expect(lines[0]).toContain('"token":"[redacted]"');
  });
  test('blots out passwords in URLs, in messages and errors too', () => {
    const { log, lines } = written();
    const url = 'postgres://seqline:hunter2@db:5432/x';
    log.error({ err: new Error(`cannot reach ${url}`) }, `gave up on ${url}`);
    log.info({ url: '/?sendID=ann&token=hunter2&platformID=5' }, 'upgrade');
    expect(lines.join('')).not.toContain('hunter2');
    expect(lines[0]).toContain('postgres://seqline:***@db:5432/x');
    expect(lines[1]).toContain('/?sendID=ann&token=***&platformID=5');
    for (const line of lines) expect(() => JSON.parse(line) as unknown).not.toThrow();
  });
  test('is as loud as it is told to be', () => {
    const { log, lines } = written('warn');
    log.info('quiet');
    log.warn({ operationId: 'op-1' }, 'loud');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ operationId: 'op-1', msg: 'loud' });
  });
});

describe('redactUrl', () => {
  test.each([
    ['postgres://u:p@h/x', 'postgres://u:***@h/x'],
    ['esdb+discover://admin:change:it@h1,h2', 'esdb+discover://admin:***@h1,h2'],
    ['ws://h/?token=abc#x', 'ws://h/?token=***#x'],
    ['http://h:8080/a@b', 'http://h:8080/a@b'],
    ['postgres://u@h/x?password=p&a=b', 'postgres://u@h/x?password=***&a=b'],
    ['two: a://b:c@d and e://f:g@h', 'two: a://b:***@d and e://f:***@h'],
    ['a://:p@h', 'a://:***@h'],
    ['esdb://u:p/w?x#y@h:2113?tls=false', 'esdb://u:***@h:2113?tls=false'],
    ['postgresql://u:12/3@h/x', 'postgresql://u:***@h/x'],
    ['nothing to hide', 'nothing to hide'],
  ])('%s', (text, wanted) => {
    expect(redactUrl(text)).toBe(wanted);
  });
});
