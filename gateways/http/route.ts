import { KindGuard, type Static, type TObject, type TSchema } from '@sinclair/typebox';
import type { Meta } from '../../core/kernel/fact.ts';
import type { EventId } from '../../core/kernel/ids.ts';
import type { Caller, Refused } from '../ports.ts';
import { assertDeclared, type Access, type CallerOf } from './access.ts';
import { readerOf, type Reader } from './parse.ts';
import type { Answer, Wire } from './reply.ts';

/** One call of a route, once everything about it has been checked that can be before it is done. */
type Call<Body, By = Caller | undefined> = Readonly<{
  body: Body;
  caller: By;
  meta: Meta;
  /** The body came as protobuf, and the answer's data is to be protobuf in base64. */
  protobuf: boolean;
  /**
   * Given by an Idempotency-Key: calls with the same one are one call. Most commands are safe to repeat as
   * they are; this is for those that make something new each time.
   */
  commandId: EventId | undefined;
}>;

type Common = Readonly<{
  path: `/${string}`;
  /** One sentence for the API page. */
  summary: string;
  /** Each line of its answer: it answers with lines of JSON instead, as long as there are any. */
  lines?: TSchema;
  /** It changes something: its answer waits until the change shows in the lists. */
  writes?: true;
  /** App servers of v1 and v2 send no operationID header; it may then stand in the body. */
  operationIdOptional?: true;
  /** HTTP status of a body that cannot be read; 200 unless given (REST reference 1.6). */
  unreadableStatus?: 400;
  /**
   * Only where the query of the URL says something: makes of it and of the body, as it came, what the schema
   * reads. Throws `UnreadableRequest`.
   */
  prepare?: (value: unknown, query: URLSearchParams) => unknown;
  /** Another form of some refusals, for old app servers. `body` as it came. */
  refused?: (refused: Refused, body: unknown) => Wire | undefined;
  /**
   * Only where the content type chooses between JSON and protobuf. Throws `MalformedFrame`; what it gives
   * is read by the route's schema like any JSON.
   */
  decode?: (bytes: Uint8Array) => unknown;
}>;

type Spec<B extends TObject, D extends TSchema, A extends Access> = Common &
  Readonly<{
    access: A;
    body: B;
    /** Absent: the answer has no `data`. */
    data?: D;
    run: (call: Call<Static<B>, CallerOf<A>>) => Promise<Answer<Static<D>>>;
  }>;

/** A route as the server mounts it: one path, its schemas, who may call it, what it does. */
export type Route = Common &
  Readonly<{
    access: Access;
    body: TObject;
    data?: TSchema;
    read: Reader<unknown>;
    /** Its body has numbers that use all 64 bits. */
    exact: boolean;
    /** And its answer has. */
    exactData: boolean;
    run: (call: Call<unknown>) => Promise<Answer<unknown>>;
  }>;

const isExact = (schema: TSchema): boolean => {
  if (KindGuard.IsArray(schema)) return isExact(schema.items);
  if (KindGuard.IsObject(schema)) return Object.values(schema.properties).some(isExact);
  return schema['format'] === 'uint64';
};

export const route = <B extends TObject, A extends Access, D extends TSchema = TSchema>(
  spec: Spec<B, D, A>,
): Route => {
  assertDeclared(spec.path, spec.access, spec.body);
  return {
    ...spec,
    read: readerOf(spec.body),
    exact: isExact(spec.body),
    exactData: spec.data !== undefined && isExact(spec.data),
    // The server calls it with a body that `read` has built after B, and with the caller that its
    // access lets in: the two things the types below cannot see from there.
    run: (call) => spec.run(call as Call<Static<B>, CallerOf<A>>),
  };
};
