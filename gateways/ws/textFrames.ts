/** What a text frame calls for (GW 2.6). */
export type TextAnswer =
  | Readonly<{ kind: 'pong'; text: string }>
  /** A pong: it is enough that it has come. */
  | Readonly<{ kind: 'nothing' }>
  | Readonly<{ kind: 'other' }>;

/** The body of a ping goes back as it came; core clients take another for a broken connection. */
export const answerToText = (bytes: Uint8Array): TextAnswer => {
  let frame: unknown;
  try {
    frame = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return { kind: 'other' }; // No JSON at all: the caller closes the connection.
  }
  if (typeof frame !== 'object' || frame === null || !('type' in frame)) return { kind: 'other' };
  if (frame.type === 'pong') return { kind: 'nothing' };
  if (frame.type !== 'ping') return { kind: 'other' };
  const body = 'body' in frame ? frame.body : null;
  return { kind: 'pong', text: JSON.stringify({ type: 'pong', body }) };
};
