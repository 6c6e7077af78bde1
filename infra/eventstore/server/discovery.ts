import type { Millis } from '../../../core/kernel/ids.ts';
import { MessageWriter } from '../protocol/protobufWriter.ts';
import { writeUuid } from '../protocol/uuid.ts';

/** What EventStoreDB can do that we do; clients choose by it what they send. */
const SERVER_VERSION = '24.10.0';
const STREAMS = 'event_store.client.streams.streams';

type Method = Readonly<{ service: string; method: string; features: readonly string[] }>;

const METHODS: readonly Method[] = [
  { service: STREAMS, method: 'read', features: ['position', 'events'] },
  { service: STREAMS, method: 'append', features: [] },
  { service: STREAMS, method: 'batchappend', features: ['deadline_duration'] },
  { service: STREAMS, method: 'delete', features: [] },
  { service: STREAMS, method: 'tombstone', features: [] },
  {
    service: 'event_store.client.server_features.serverfeatures',
    method: 'getsupportedmethods',
    features: [],
  },
  { service: 'event_store.client.gossip.gossip', method: 'read', features: [] },
];

/** `SupportedMethods`: the answer to a client's first question. */
export const supportedMethods = (): Buffer => {
  const writer = new MessageWriter();
  writer.text(2, SERVER_VERSION);
  for (const { service, method, features } of METHODS.toReversed()) {
    writer.message(1, () => {
      for (const feature of features.toReversed()) writer.text(3, feature);
      writer.text(2, service);
      writer.text(1, method);
    });
  }
  return writer.finish();
};

const LEADER = 8;

/** `ClusterInfo`: a cluster of one, which leads it. Its time is in ticks of 100 ns. */
export const clusterInfo = ({
  id,
  host,
  port,
  now,
}: Readonly<{ id: string; host: string; port: number; now: Millis }>): Buffer => {
  const writer = new MessageWriter();
  writer.message(1, () => {
    writer.message(5, () => {
      writer.uint(2, port);
      writer.text(1, host);
    });
    writer.flag(4, true);
    writer.uint(3, LEADER);
    writer.uint(2, BigInt(now) * 10_000n);
    writeUuid(writer, 1, id);
  });
  return writer.finish();
};
