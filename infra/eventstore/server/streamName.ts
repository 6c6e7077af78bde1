import { STREAM_NAME_BYTES_MAX } from '../limits.ts';
import { Malformed } from '../protocol/protobufReader.ts';

/** `$$` alone would be the metadata of a stream without a name. @throws Malformed */
export const checkStream = (stream: string): void => {
  if (stream === '' || stream === '$$') throw new Malformed(`no stream is called "${stream}"`);
  if (Buffer.byteLength(stream) > STREAM_NAME_BYTES_MAX)
    throw new Malformed(`a stream's name has at most ${STREAM_NAME_BYTES_MAX} bytes`);
};
