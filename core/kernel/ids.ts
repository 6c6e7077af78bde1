declare const brand: unique symbol;
type Branded<T, Name extends string> = T & { readonly [brand]: Name };

/** The app company's own id of a user: 1 to 64 of `[A-Za-z0-9_]`; a pseudonym, never a phone number. */
export type UserId = Branded<string, 'UserId'>;
export type GroupId = Branded<string, 'GroupId'>;
/**
 * `si_<a>_<b>`, `sg_<group>`, `sn_<a>_<b>` (chat) or `n_…` (notifications). Opaque: user ids may hold
 * the separator, so it is made in one place and never taken apart to learn who takes part.
 */
export type ConversationId = Branded<string, 'ConversationId'>;
/** A UUID in lower-case hyphenated form. */
export type EventId = Branded<string, 'EventId'>;
/** Names one issued token (the PASETO claim `jti`). */
export type TokenId = Branded<string, 'TokenId'>;

/** Unix time in milliseconds. */
export type Millis = number;
/** Where an event stands in the whole log (`$all`): grows with every event, has gaps, starts at 1. */
export type Position = number;
/** Where an event stands in its stream: 0, 1, 2, … without gaps. */
export type Revision = number;
/** A message's number in its conversation: the revision of its event + 1. */
export type Seq = number;

/** Makes a UUID (version 5) of a list of strings: the same list, the same id, on every node. */
export type DeriveId = (...parts: readonly string[]) => EventId;
