import { randomUUID } from 'node:crypto';
import type { CallbackRefusal } from '../../core/conversation/ports.ts';
import type { Refused } from '../../core/kernel/decider.ts';
import type { Meta } from '../../core/kernel/fact.ts';
import type { EventId } from '../../core/kernel/ids.ts';
import type { Before, Endpoint, Post, PostFailure } from '../../core/webhook/ports.ts';
import type { Log } from '../log.ts';
import { NO_CALLBACK_METER, type Asked, type CallbackMeter } from '../meters.ts';
import { NO_TRACES, type AskedAbout, type Traces } from '../traces.ts';
import { verdictOf, type Fields } from '../openim/callbackAnswer.ts';
import { BEFORE, type BeforeName } from '../openim/callbacks.ts';

/** Questions that wait for an answer at once, in this process; more count as unanswered. */
export const WAITING_MAX = 1_000;

/** Go on; `fields` are those of the answer, none if nobody has answered. `by`: the endpoint's name. */
export type Consent = Readonly<{ kind: 'go-on'; fields: Fields; by: string }>;

/** No, and not by us. */
export type No = Refused<CallbackRefusal>;

/** One callback that is configured. */
export type Question = Readonly<{
  settings: Before;
  /** `body` without the command's name. `message`: what it is to be stored as, if it is about one. */
  ask: (body: Fields, meta: Meta, message?: EventId) => Promise<Consent | No>;
  /** For an answer that says what cannot be done: as if there were none. */
  unusable: (why: string, meta: Meta, message?: EventId) => Consent | No;
}>;

export type QuestionOf = (name: BeforeName) => Question | undefined;

/** The one to ask about what is done by a call, if any. */
export type QuestionFor = (meta: Meta) => Question | undefined;

/** Two calls do the same, and each has a callback; undefined: neither is configured. */
export const questionByCall = (
  questionOf: QuestionOf,
  { info, infoEx }: Readonly<Record<'info' | 'infoEx', BeforeName>>,
): QuestionFor | undefined => {
  const questions = { info: questionOf(info), infoEx: questionOf(infoEx) };
  if (questions.info === undefined && questions.infoEx === undefined) return undefined;
  return ({ call }) => (call === undefined ? undefined : questions[call]);
};

type Deps = Readonly<{
  endpoints: readonly Endpoint[];
  post: Post;
  log: Log;
  meter?: CallbackMeter;
  /** Called for each question about a message. */
  noted?: Traces['asked'] | undefined;
}>;

const NO_FIELDS: Fields = Object.freeze({});

/** OpenIM calls it a fault of the network where there is no answer, and of the data where there is a bad one. */
const REASON_OF = {
  unreachable: 'callback/unreachable',
  'too-slow': 'callback/unreachable',
  forbidden: 'callback/unreachable',
  'too-long': 'callback/bad-answer',
  redirect: 'callback/bad-answer',
  compressed: 'callback/bad-answer',
} as const satisfies Record<PostFailure, CallbackRefusal>;

type NoAnswer = Readonly<{
  kind: 'no-answer';
  failure: PostFailure | 'too-many-waiting' | 'unreadable' | 'unusable';
  reason: 'callback/unreachable' | 'callback/bad-answer';
  detail: string;
}>;

const TOO_MANY: NoAnswer = {
  kind: 'no-answer',
  failure: 'too-many-waiting',
  reason: 'callback/unreachable',
  detail: `${String(WAITING_MAX)} questions wait for answers`,
};
const BAD = { kind: 'no-answer', reason: 'callback/bad-answer' } as const;

const answerIn = (
  { status, body }: Readonly<{ status: number; body: string }>,
  { name: by, convention }: Endpoint,
): Consent | No | NoAnswer => {
  const verdict = verdictOf(convention, status, body);
  switch (verdict.kind) {
    case 'go-on':
      return { kind: 'go-on', fields: verdict.fields, by };
    case 'refused': {
      const { code, message, detail } = verdict;
      return { kind: 'refused', reason: 'callback/refused', detail, own: { code, message } };
    }
    case 'unreadable':
      return { ...BAD, failure: 'unreadable', detail: verdict.why };
  }
};

const HOW = {
  answered: { 'go-on': 'passed', refused: 'refused' },
  unanswered: { 'go-on': 'unanswered-passed', refused: 'unanswered-refused' },
} as const satisfies Record<string, Record<(Consent | No)['kind'], Asked>>;

/** One callback, and who is asked by it. */
type Asking = Readonly<{ name: BeforeName; endpoint: Endpoint; settings: Before }>;
type AnswerTo = (asking: Asking, body: Fields, meta: Meta) => Promise<Consent | No | NoAnswer>;

/** Asks, unless too many wait already. */
const answering = (post: Post): AnswerTo => {
  let waiting = 0;
  return async ({ name, endpoint, settings: { timeout } }, body, { operationId }) => {
    if (waiting >= WAITING_MAX) return TOO_MANY;
    const command = BEFORE[name];
    waiting += 1;
    const posted = await post(endpoint, {
      ...{ id: randomUUID(), command, operationId, timeout },
      body: JSON.stringify({ callbackCommand: command, operationID: operationId, ...body }),
    });
    waiting -= 1;
    return posted.kind === 'failed'
      ? { ...posted, kind: 'no-answer', reason: REASON_OF[posted.failure] }
      : answerIn(posted, endpoint);
  };
};

const questionOf = (
  { log, meter = NO_CALLBACK_METER, noted = NO_TRACES.asked }: Omit<Deps, 'endpoints' | 'post'>,
  answerTo: AnswerTo,
  asking: Asking,
): Question => {
  const { name, endpoint, settings } = asking;
  const by = endpoint.name;
  const { failedContinue } = settings;

  const unanswered = (
    { failure, reason, detail }: NoAnswer,
    { operationId }: Meta,
  ): Consent | No => {
    const why = `${failure}: ${detail}`;
    log.warn({ callback: name, endpoint: by, operationId, why, failedContinue }, UNANSWERED);
    meter.unanswered(name, by, failure);
    return failedContinue
      ? { kind: 'go-on', fields: NO_FIELDS, by }
      : { kind: 'refused', reason, detail: `${name}: the app server did not answer as it should` };
  };
  const note = (message: EventId | undefined, ended: Omit<AskedAbout, 'callback' | 'endpoint'>) => {
    if (message !== undefined) noted(message, { callback: name, endpoint: by, ...ended });
  };

  return {
    settings,
    ask: async (body, meta, message) => {
      const begun = performance.now();
      const said = await answerTo(asking, body, meta);
      const isNone = said.kind === 'no-answer';
      const answer = isNone ? unanswered(said, meta) : said;
      const how = HOW[isNone ? 'unanswered' : 'answered'][answer.kind];
      const ms = performance.now() - begun;
      meter.asked(name, by, how, ms / 1_000);
      note(message, { how, ms: Math.round(ms), ...(isNone && { why: said.failure }) });
      return answer;
    },
    unusable: (detail, meta, message) => {
      const failure = 'unusable';
      const answer = unanswered({ ...BAD, failure, detail }, meta);
      note(message, { how: HOW.unanswered[answer.kind], ms: 0, why: failure });
      return answer;
    },
  };
};

/** Before-callbacks by name; undefined for those that no endpoint wants to be asked. */
export const openQuestions = ({ endpoints, post, ...told }: Deps): QuestionOf => {
  const answerTo = answering(post);
  const questions = new Map<string, Question>();
  for (const name of Object.keys(BEFORE) as BeforeName[]) {
    for (const endpoint of endpoints) {
      const settings = endpoint.before.get(name);
      if (settings === undefined) continue;
      questions.set(name, questionOf(told, answerTo, { name, endpoint, settings }));
    }
  }
  return (name) => questions.get(name);
};

const UNANSWERED = 'a before-callback had no answer that can be used';
