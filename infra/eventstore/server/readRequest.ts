import type { Direction } from '../../../core/kernel/eventStore.ts';
import type { Position, Revision } from '../../../core/kernel/ids.ts';
import type { EventFilter } from './filter.ts';
import { Malformed, MessageReader } from '../protocol/protobufReader.ts';
import type { UuidForm } from '../protocol/uuid.ts';
import { streamName } from './writeRequests.ts';

export type ReadRequest = Readonly<{
  source:
    | Readonly<{ kind: 'stream'; stream: string; from: Revision | 'start' | 'end' }>
    | Readonly<{ kind: 'all'; from: Position | 'start' | 'end' }>;
  direction: Direction;
  /** `undefined`: a subscription. */
  count: number | undefined;
  resolveLinks: boolean;
  filter: EventFilter | undefined;
  uuids: UuidForm;
}>;

export const readReadRequest = (bytes: Buffer): ReadRequest => {
  const reader = new MessageReader(bytes);
  while (reader.next()) {
    if (reader.field === 1) return readOptions(reader.message());
    reader.skip();
  }
  throw new Malformed('the options are missing');
};

type Parts = { -readonly [Name in keyof ReadRequest]?: ReadRequest[Name] } & {
  subscription?: boolean;
};

/** By field number: how each option is read. */
const READ_OPTIONS: Readonly<Record<number, (reader: MessageReader, parts: Parts) => void>> = {
  1: (reader, parts) => {
    parts.source = streamSource(reader.message());
  },
  2: (reader, parts) => {
    parts.source = allSource(reader.message());
  },
  3: (reader, parts) => {
    parts.direction = reader.uint() === 1 ? 'backwards' : 'forwards';
  },
  4: (reader, parts) => {
    parts.resolveLinks = reader.flag();
  },
  5: (reader, parts) => {
    parts.count = reader.uint();
  },
  6: (reader, parts) => {
    parts.subscription = true;
    reader.skip();
  },
  7: (reader, parts) => {
    parts.filter = eventFilter(reader.message());
  },
  9: (reader, parts) => {
    parts.uuids = uuidForm(reader.message());
  },
};

const readOptions = (reader: MessageReader): ReadRequest => {
  const parts: Parts = {};
  while (reader.next()) {
    const read = READ_OPTIONS[reader.field];
    if (read === undefined) reader.skip();
    else read(reader, parts);
  }
  const { source, direction = 'forwards', count, filter, uuids, resolveLinks = false } = parts;
  if (source === undefined) throw new Malformed('neither a stream nor $all is named');
  if (uuids === undefined) throw new Malformed('the form of ids is missing');
  if (count === undefined && parts.subscription !== true)
    throw new Malformed('neither a count nor a subscription is asked for');
  return possible({ source, direction, count, filter, uuids, resolveLinks });
};

const possible = (request: ReadRequest): ReadRequest => {
  const { source, direction, count, filter } = request;
  if (count === undefined && direction === 'backwards')
    throw new Malformed('a subscription goes forwards');
  if (filter !== undefined && source.kind !== 'all')
    throw new Malformed('only reads of $all are filtered');
  return request;
};

const streamSource = (reader: MessageReader): ReadRequest['source'] => {
  let stream = '';
  let from: Revision | 'start' | 'end' = 'start';
  while (reader.next()) {
    if (reader.field === 1) stream = streamName(reader.message());
    else if (reader.field === 2) from = reader.uint();
    else {
      if (reader.field === 4) from = 'end';
      reader.skip();
    }
  }
  return { kind: 'stream', stream, from };
};

const allSource = (reader: MessageReader): ReadRequest['source'] => {
  let from: Position | 'start' | 'end' = 'start';
  while (reader.next()) {
    if (reader.field === 1) from = position(reader.message());
    else {
      if (reader.field === 3) from = 'end';
      reader.skip();
    }
  }
  return { kind: 'all', from };
};

const position = (reader: MessageReader): Position => {
  let [commit, prepare] = [0, 0];
  while (reader.next()) {
    if (reader.field === 1) commit = reader.uint();
    else if (reader.field === 2) prepare = reader.uint();
    else reader.skip();
  }
  if (prepare > commit) throw new Malformed(`position ${commit}/${prepare} is none`);
  return commit;
};

const uuidForm = (reader: MessageReader): UuidForm => {
  let form: UuidForm = 'structured';
  while (reader.next()) {
    if (reader.field === 2) form = 'text';
    reader.skip();
  }
  return form;
};

/** The window where none is given: as many events as EventStoreDB reads at once. */
const WINDOW_USUAL = 32;

const eventFilter = (reader: MessageReader): EventFilter => {
  let on: EventFilter['on'] | undefined;
  let expression: Pick<EventFilter, 'regex' | 'prefixes'> = { regex: '', prefixes: [] };
  let window = WINDOW_USUAL;
  let multiplier = 0;
  while (reader.next()) {
    if (reader.field === 1 || reader.field === 2) {
      on = reader.field === 1 ? 'stream' : 'type';
      expression = filterExpression(reader.message());
    } else if (reader.field === 3) window = reader.uint();
    else if (reader.field === 5) multiplier = reader.uint();
    else reader.skip();
  }
  if (on === undefined) throw new Malformed('a filter looks at neither streams nor types');
  return { on, ...expression, checkpointEvery: window * multiplier };
};

const filterExpression = (reader: MessageReader): Pick<EventFilter, 'regex' | 'prefixes'> => {
  let regex = '';
  const prefixes: string[] = [];
  while (reader.next()) {
    if (reader.field === 1) regex = reader.text();
    else if (reader.field === 2) prefixes.push(reader.text());
    else reader.skip();
  }
  return { regex, prefixes };
};
