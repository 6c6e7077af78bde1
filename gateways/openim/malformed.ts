/**
 * Bytes that are not what the wire says they should be. The only thing the decoders of this folder throw
 * because of what a peer has sent; whoever gets it closes the socket or answers ArgsError.
 */
export class MalformedFrame extends Error {
  override name = 'MalformedFrame';
}

export const malformed = (what: string): never => {
  throw new MalformedFrame(what);
};
