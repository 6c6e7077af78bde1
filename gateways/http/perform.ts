import type { Meta } from '../../core/kernel/fact.ts';
import type { DeriveId, Position } from '../../core/kernel/ids.ts';
import type { Caller, Projected, Refused } from '../ports.ts';
import { denial, type RoleOf } from './access.ts';
import { rawBody, type RawBody } from './body.ts';
import { OPERATION_ID_LENGTH_MAX } from './fields.ts';
import { isRecord, UnreadableRequest } from './parse.ts';
import { doneWire, refuse, refusedWire, type Wire } from './reply.ts';
import type { Route } from './route.ts';

/** Acts where a secret and not a token has let the caller in. */
const APP_SERVER = 'app-server';

export type Request = Readonly<{
  operationId: string;
  /** The header Idempotency-Key; '' for none. */
  idempotencyKey: string;
  caller: Caller | undefined;
  contentType: string | undefined;
  /** What stands after the `?`. */
  query: string;
  bytes: Buffer;
}>;

type Performed = Readonly<{
  wire: Wire;
  operationId: string;
  /** What was done does not show in the lists yet. */
  late: boolean;
}>;

/**
 * One call, from the bytes to the answer, in OpenIM's order: can it be read, is it what the route
 * takes, may this caller do it, and only then is anything done. Faults are thrown.
 */
export const perform =
  ({
    projected,
    deriveId,
    roleOf,
  }: Readonly<{ projected: Projected; deriveId: DeriveId; roleOf: RoleOf }>) =>
  async (route: Route, request: Request): Promise<Performed> => {
    const read = readBody(route, request);
    const operationId = operationIdOf(route, request, read.raw.value);
    const refusedAs = (refused: Refused): Performed => ({
      wire: route.refused?.(refused, read.raw.value) ?? refusedWire(refused),
      operationId,
      late: false,
    });
    if ('unreadable' in read) {
      const { wire } = refusedAs(refuse('args/invalid', read.unreadable));
      const status = route.unreadableStatus ?? wire.status;
      return { wire: { ...wire, status }, operationId, late: false };
    }
    const { caller } = request;
    const denied = await denial(route.access, caller, read.body, roleOf);
    if (denied !== undefined) return refusedAs(denied);
    const meta: Meta =
      caller === undefined
        ? { actor: APP_SERVER, operationId }
        : { actor: caller.user, operationId, login: caller.token };
    const { protobuf } = read.raw;
    const { idempotencyKey: key, bytes, query } = request;
    const asked = route.prepare === undefined ? [] : [query];
    // The same call of the same caller with the same body, and no other.
    const commandId =
      key === ''
        ? undefined
        : deriveId(
            'idempotency-key',
            meta.actor,
            route.path,
            key,
            bytes.toString('base64'),
            ...asked,
          );
    const result = await route.run({ body: read.body, caller, meta, protobuf, commandId });
    if (result.kind === 'refused') return refusedAs(result);
    const late = route.writes === true && !(await projected(result.position));
    const wire = doneWire(result.data, late ? notYet(result.position) : '');
    return { wire: route.exactData ? { ...wire, exact: true } : wire, operationId, late };
  };

/** The change has been made for good, so this is no error: a client would do it again. */
const notYet = (position: Position | undefined): string =>
  position === undefined
    ? 'committed, not yet visible'
    : `committed at ${String(position)}, not yet visible`;

const readBody = (
  route: Route,
  { contentType, query, bytes }: Request,
): Readonly<{ raw: RawBody } & ({ body: unknown } | { unreadable: string })> => {
  let raw: RawBody = { value: undefined, protobuf: false };
  try {
    raw = rawBody(route, contentType, bytes);
    const value = route.prepare?.(raw.value, new URLSearchParams(query)) ?? raw.value;
    return { raw, body: route.read(value) };
  } catch (error) {
    if (!(error instanceof UnreadableRequest)) throw error;
    return { raw, unreadable: error.message };
  }
};

/** Old app servers put it into the body, or leave it out. */
const operationIdOf = (route: Route, { operationId }: Request, value: unknown): string => {
  if (operationId !== '' || route.operationIdOptional !== true || !isRecord(value)) {
    return operationId;
  }
  const inBody = value['operationID'];
  return typeof inBody === 'string' ? inBody.slice(0, OPERATION_ID_LENGTH_MAX) : '';
};
