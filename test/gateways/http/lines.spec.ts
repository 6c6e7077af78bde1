import { describe, expect, test } from 'vitest';
import fastify from 'fastify';
import { Type } from '@sinclair/typebox';
import { body } from '../../../gateways/http/fields.ts';
import { addRoutes } from '../../../gateways/http/mount.ts';
import { addRequestState } from '../../../gateways/http/request.ts';
import { route } from '../../../gateways/http/route.ts';
import { until } from '../../support/until.ts';
import { streamOf } from '../../../gateways/http/lines.ts';
import { gateway, TOKENS } from './client.ts';

const log = { info: () => undefined, warn: () => undefined };

describe('[REP-7] an answer in lines', () => {
  test('is for app admins', async () => {
    const { post } = gateway();
    expect((await post('/admin/events', {}, { token: TOKENS.ann })).json.errCode).toBe(1002);
    expect((await post('/admin/events', {})).json.errCode).toBe(1001);
  });

  test('is refused like any other', async () => {
    const { post } = gateway();
    const { status, json } = await post(
      '/admin/events',
      { from: 'never' },
      { token: TOKENS.admin },
    );
    expect({ status, ...json }).toMatchObject({ status: 200, errCode: 1001 });
    const wrong = await post('/admin/events', { types: [1] }, { token: TOKENS.admin });
    expect(wrong.json.errDlt).toContain('types[0] must be');
  });

  test('says last that it has failed, and tells nothing more', async () => {
    const errors: unknown[] = [];
    const failing = async function* (): AsyncIterable<string> {
      yield '{"position":1}\n';
      throw new Error('password of the database');
    };
    const about = { operationId: 'op-1', path: '/admin/events' };
    const error = (fields: object) => errors.push(fields);
    let text = '';
    for await (const some of streamOf(failing(), { ...about, log: { ...log, error } })) {
      text += String(some);
    }
    expect(text.split('\n')[1]).toContain('"errCode":500');
    expect(text).not.toContain('password');
    expect(errors).toEqual([expect.objectContaining({ operationId: 'op-1' })]);
  });

  test('goes on for longer than other answers may take', async () => {
    const limit = 50;
    const begun = Date.now();
    const slow = async function* (): AsyncIterable<string> {
      yield '1\n';
      await until('that is over', () => (Date.now() > begun + 4 * limit ? true : undefined));
      yield '2\n';
    };
    const path = '/admin/lines';
    const inLines = route({
      ...{ path, summary: '', access: { kind: 'none' }, body: body({}), lines: Type.Integer() },
      run: () => Promise.resolve({ kind: 'done', data: slow() }),
    });
    const app = fastify({ handlerTimeout: limit });
    addRequestState(app);
    app.setValidatorCompiler(() => () => true);
    const performed = () =>
      Promise.resolve({
        wire: { status: 200, body: { errCode: 0, errMsg: '', errDlt: '', data: slow() } },
        ...{ operationId: 'op-1', late: false },
      });
    const identified = () => Promise.resolve({ kind: 'identified', caller: undefined } as const);
    addRoutes(app, [inLines], identified, performed, { ...log, error: () => undefined });
    const answered = await app.inject({ method: 'POST', url: path });
    expect(answered.payload).toBe('1\n2\n');
  });

  test('is cut off where nobody reads it, and so is what it is read from', async () => {
    let ended = false;
    const endless = async function* (): AsyncIterable<string> {
      try {
        for (;;) yield `${'x'.repeat(100_000)}\n`;
      } finally {
        ended = true;
      }
    };
    const about = { operationId: 'op-1', path: '/admin/events', stalledMs: 1 };
    const stream = streamOf(endless(), { ...about, log: { ...log, error: () => undefined } });
    stream.read(1);
    await new Promise((resolve) => stream.once('close', resolve));
    expect(ended).toBe(true);
  });
});
