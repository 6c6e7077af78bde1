import { MalformedFrame } from '../openim/malformed.ts';
import { parseJson } from './json.ts';
import { UnreadableRequest } from './parse.ts';
import type { Route } from './route.ts';

const JSON_TYPES = ['', 'application/json'];
const PROTOBUF_TYPES = ['application/protobuf', 'application/x-protobuf'];

export type RawBody = Readonly<{ value: unknown; protobuf: boolean }>;

/**
 * The body as a value nothing is known of yet. Its content type counts only for routes that take
 * protobuf as well; anything else is JSON whatever it says (REST reference 1.1).
 */
export const rawBody = (
  { decode, exact }: Route,
  contentType: string | undefined,
  bytes: Buffer,
): RawBody => {
  if (decode === undefined) return { value: parseJson(bytes.toString(), exact), protobuf: false };
  const [type = ''] = (contentType ?? '').split(';').map((part) => part.trim().toLowerCase());
  if (JSON_TYPES.includes(type)) {
    return { value: parseJson(bytes.toString(), exact), protobuf: false };
  }
  if (!PROTOBUF_TYPES.includes(type)) {
    const types = [...JSON_TYPES.slice(1), ...PROTOBUF_TYPES].join(', ');
    throw new UnreadableRequest(`Content-Type must be one of ${types}`);
  }
  try {
    return { value: decode(bytes), protobuf: true };
  } catch (error) {
    if (!(error instanceof MalformedFrame)) throw error;
    throw new UnreadableRequest(`the body must be the protobuf request: ${error.message}`);
  }
};
