import type { EventLog } from '../kernel/eventLog.ts';
import type { DeriveId, EventId, Position, Revision } from '../kernel/ids.ts';
import { checkpointStream, type CheckpointMoved } from './events.ts';

/** Another process does this work now: whoever finds this out must stop. */
export class CheckpointTaken extends Error {
  override name = 'CheckpointTaken';
}

export type CheckpointOptions = Readonly<{
  log: EventLog;
  name: string;
  /** Unlike any other worker's: two that write the same must not look like one that repeats itself. */
  owner: string;
  deriveId: DeriveId;
}>;

/**
 * The checkpoint of work that has effects. It begins at the head of the log, never at its start: nobody
 * wants to be told all of history. The exact revision of its stream is the fence between two workers.
 */
export class LogCheckpoint {
  readonly #log: EventLog;
  readonly #name: string;
  readonly #idOf: (revision: Revision) => EventId;
  #position: Position;
  #revision: Revision;

  private constructor(
    { log, name, deriveId, owner }: CheckpointOptions,
    at: Readonly<{ position: Position; revision: Revision }>,
  ) {
    this.#log = log;
    this.#name = name;
    this.#idOf = (revision) => deriveId('checkpoint', name, owner, String(revision));
    this.#position = at.position;
    this.#revision = at.revision;
  }

  static async open(options: CheckpointOptions): Promise<LogCheckpoint> {
    const [newest] = await options.log.readStream<CheckpointMoved>(checkpointStream(options.name), {
      from: 'end',
      direction: 'backwards',
      max: 1,
    });
    if (newest !== undefined) {
      const { data, revision } = newest;
      return new LogCheckpoint(options, { position: data.position, revision });
    }
    const made = new LogCheckpoint(options, { position: 0, revision: -1 });
    await made.moveTo(await options.log.head());
    return made;
  }

  get position(): Position {
    return this.#position;
  }

  /** Throws `CheckpointTaken` if somebody else has moved it meanwhile. */
  async moveTo(position: Position): Promise<void> {
    const revision = this.#revision + 1;
    const event = {
      id: this.#idOf(revision),
      type: 'CheckpointMoved',
      data: { position },
      meta: { actor: 'seqline', operationId: '' },
    } as const;
    const expected = this.#revision < 0 ? 'no_stream' : this.#revision;
    const result = await this.#log.append(checkpointStream(this.#name), expected, [event]);
    if (result.kind === 'conflict') {
      throw new CheckpointTaken(`${this.#name} is done by another process`);
    }
    this.#position = position;
    this.#revision = revision;
  }
}
