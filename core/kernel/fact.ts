import type { EventId, Millis, Position, Revision, TokenId } from './ids.ts';

/** Something that happened: a name that is never renamed, and what is known of it. */
export type Fact<Type extends string, Data> = Readonly<{ type: Type; data: Readonly<Data> }>;
export type AnyFact = Fact<string, object>;

/** Who did it and in which call; stored beside every event. */
export type Meta = Readonly<{
  /** The user, app admin or part of the system that acted. */
  actor: string;
  /** Trace id of the call; carried into pushes, never used to tell repetitions apart. */
  operationId: string;
  /** Which of the actor's logins called, where it has one. */
  login?: TokenId;
  /** The event that this one reacts to, if any. */
  causationId?: EventId;
  /** The app server's endpoint that has changed the command before it was decided, if one has. */
  modifiedBy?: string;
  /** Which of OpenIM's two calls that do the same it was: the app server is told of them apart. */
  call?: 'info' | 'infoEx';
}>;

/** A fact about to be appended. */
export type NewEvent<E extends AnyFact = AnyFact> = E & Readonly<{ id: EventId; meta: Meta }>;

/** A fact as the log holds it. */
export type Recorded<E extends AnyFact = AnyFact> = E &
  Readonly<{
    id: EventId;
    meta: Meta;
    stream: string;
    revision: Revision;
    position: Position;
    /** When the store committed it. */
    created: Millis;
  }>;

/** A wish: named in the imperative, with the time and the id it was made with. */
export type Command<Type extends string, Data> = Readonly<{
  type: Type;
  id: EventId;
  at: Millis;
  meta: Meta;
  data: Readonly<Data>;
}>;

/**
 * Personal data of one user inside an event. Stored sealed with that user's key; once the key has been
 * destroyed, all that can be read is that it is erased.
 */
export type Erased = Readonly<{ erased: true }>;
export type Personal<T> = Readonly<T> | Erased;

export const ERASED: Erased = { erased: true };

export const isErased = (value: object): value is Erased => 'erased' in value;
