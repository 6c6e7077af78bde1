import type { MethodDefinition } from '@grpc/grpc-js';

type Method = MethodDefinition<Buffer, Buffer>;

const same = (bytes: Buffer): Buffer => bytes;

/** Bytes in and bytes out: what they mean is read and written here, without a library's objects. */
const method = (
  path: string,
  { requests, responses }: Readonly<{ requests: 'one' | 'many'; responses: 'one' | 'many' }>,
): Method => ({
  path: `/event_store.client.${path}`,
  requestStream: requests === 'many',
  responseStream: responses === 'many',
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
});

/** Whatever else a client asks for is answered as unimplemented. */
export const STREAMS = {
  read: method('streams.Streams/Read', { requests: 'one', responses: 'many' }),
  append: method('streams.Streams/Append', { requests: 'many', responses: 'one' }),
  batchAppend: method('streams.Streams/BatchAppend', { requests: 'many', responses: 'many' }),
  delete: method('streams.Streams/Delete', { requests: 'one', responses: 'one' }),
  tombstone: method('streams.Streams/Tombstone', { requests: 'one', responses: 'one' }),
};

export const SERVER_FEATURES = {
  getSupportedMethods: method('server_features.ServerFeatures/GetSupportedMethods', {
    requests: 'one',
    responses: 'one',
  }),
};

export const GOSSIP = {
  read: method('gossip.Gossip/Read', { requests: 'one', responses: 'one' }),
};
