import { setTimeout as pause } from 'node:timers/promises';
import { subjectOf, type Bus, type Subject } from './bus.ts';

/** Questions of one process that are under way; one is asked by hand. */
const ASKING_MAX = 32;

type Asked = Readonly<{ kind: 'question'; from: string; number: number; question: unknown }>;
type Answered = Readonly<{ kind: 'answer'; from: string; number: number; answer: unknown }>;

/** What came of a question: answers by the id of who gave them. */
export type Answers<Answer> = ReadonlyMap<string, Answer>;

export type Asking<Question, Answer> = Readonly<{
  /**
   * Asks all others, and resolves once those that are named have answered, or after `ms` milliseconds with
   * what has come by then. None where the bus is away.
   */
  ask: (question: Question, whom: readonly string[], ms: number) => Promise<Answers<Answer>>;
  close: () => void;
}>;

type Options<Question, Answer> = Readonly<{
  bus: Bus;
  /** Unlike any other process's. */
  id: string;
  /** Where questions are heard. */
  subject: Subject;
  /** Must not throw; undefined: nothing is answered. */
  answerTo: (question: Question) => Answer | undefined;
}>;

type Waiting<Answer> = {
  readonly answers: Map<string, Answer>;
  readonly whom: ReadonlySet<string>;
  readonly enough: () => void;
};

/**
 * Questions to all other processes over a bus, and this one's answers to theirs. As with all that goes over
 * the bus, either may be lost: who has not answered is not waited for. Questions and answers are JSON, from
 * processes of the same cluster.
 */
export const asking = <Question, Answer>(
  options: Options<Question, Answer>,
): Asking<Question, Answer> => {
  const { bus, id, subject, answerTo } = options;
  const waiting = new Map<number, Waiting<Answer>>();
  let asked = 0;

  const hear = (payload: Uint8Array): void => {
    const { from, number, question } = parsed<Asked>(payload);
    const answer = answerTo(question as Question);
    if (answer === undefined) return;
    const said: Answered = { kind: 'answer', from: id, number, answer };
    // One that is too large is none: who has asked says that this process has not answered.
    bus.publish(subjectOf('node', from), written(said));
  };
  const take = (payload: Uint8Array): void => {
    const { from, number, answer } = parsed<Answered>(payload);
    const mine = waiting.get(number);
    if (mine === undefined) return;
    mine.answers.set(from, answer as Answer);
    if ([...mine.whom].every((one) => mine.answers.has(one))) mine.enough();
  };
  const ends = [bus.subscribe(subject, hear), bus.subscribe(subjectOf('node', id), take)];

  return {
    ask: async (question, whom, ms) => {
      const answers = new Map<string, Answer>();
      if (whom.length === 0 || waiting.size >= ASKING_MAX) return answers;
      asked += 1;
      const number = asked;
      const ending = new AbortController();
      waiting.set(number, {
        ...{ answers, whom: new Set(whom) },
        enough: () => {
          ending.abort();
        },
      });
      const said: Asked = { kind: 'question', from: id, number, question };
      if (bus.publish(subject, written(said)))
        await pause(ms, undefined, { signal: ending.signal }).catch(() => undefined);
      waiting.delete(number);
      return answers;
    },
    close: () => {
      for (const end of ends) end();
    },
  };
};

const written = (message: Asked | Answered): Uint8Array => Buffer.from(JSON.stringify(message));

const parsed = <T>(payload: Uint8Array): T => JSON.parse(Buffer.from(payload).toString()) as T;
