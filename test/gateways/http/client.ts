import type { FastifyInstance, LightMyRequestResponse } from 'fastify';
import { buildHttp } from '../../../gateways/http/server.ts';
import { fakeDeps, type FakeDeps } from '../../support/fakes.ts';

export const TOKENS = {
  ann: 'ann.1.0',
  bob: 'bob.1.0',
  zed: 'zed.1.0',
  mia: 'mia.1.0',
  amy: 'amy.1.0',
  admin: 'imAdmin.10.0',
  malformed: 'nonsense',
  kicked: 'ann.9.0',
} as const;

export type Answered = Readonly<{
  status: number;
  headers: LightMyRequestResponse['headers'];
  text: string;
  json: { errCode: number; errMsg: string; errDlt: string; data?: unknown };
}>;

const NOT_JSON: Answered['json'] = { errCode: -1, errMsg: '', errDlt: 'the answer is no JSON' };

/** What is refused comes in the usual form, so lines are what was asked for. */
const NO_ENVELOPE: Readonly<Record<string, Answered['json']>> = {
  'application/x-ndjson': { errCode: 0, errMsg: '', errDlt: '' },
};

export type Options = Readonly<{
  token?: string;
  headers?: Readonly<Record<string, string>>;
  /** Sends no operationID header. */
  nameless?: boolean;
}>;

export const clientOf = (app: FastifyInstance) => ({
  app,
  /** A POST; text goes out as it is, anything else as JSON. */
  post: async (path: string, body: unknown, options: Options = {}): Promise<Answered> => {
    const { token, headers, nameless = false } = options;
    const answer = await app.inject({
      method: 'POST',
      url: path,
      payload: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
      headers: {
        'content-type': 'application/json',
        ...(nameless ? {} : { operationID: 'op-1' }),
        ...(token === undefined ? {} : { token }),
        ...headers,
      },
    });
    const text = answer.payload;
    const type = String(answer.headers['content-type']);
    const isJson = type.startsWith('application/json');
    const json = isJson ? answer.json<Answered['json']>() : (NO_ENVELOPE[type] ?? NOT_JSON);
    return { status: answer.statusCode, headers: answer.headers, text, json };
  },
});

export type Client = ReturnType<typeof clientOf>;

/** A gateway over fakes, which a test may replace. */
export const gateway = (replaced: Partial<FakeDeps> = {}): Client & { deps: FakeDeps } => {
  const deps = { ...fakeDeps(), ...replaced };
  return { ...clientOf(buildHttp(deps)), deps };
};
