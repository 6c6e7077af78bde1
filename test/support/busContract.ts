import { describe, expect, test } from 'vitest';
import { asking } from '../../infra/bus/ask.ts';
import { PAYLOAD_BYTES_MAX, subjectOf, type Bus, type Subject } from '../../infra/bus/bus.ts';
import { untilTrue } from './until.ts';

const FLUSH_MS = 10_000;
const bytes = (text: string): Uint8Array => Buffer.from(text);

/** All that has come on a subject, as text. */
export const hearing = (bus: Bus, subject: Subject) => {
  const heard: string[] = [];
  const stop = bus.subscribe(subject, (payload) => heard.push(Buffer.from(payload).toString()));
  return { heard, stop };
};

/** What every bus keeps to. `use` hands over so many processes' buses that hear each other. */
export const busContract = (
  name: string,
  use: (count: number, work: (buses: readonly Bus[]) => Promise<void>) => Promise<void>,
): void => {
  const two = (work: (one: Bus, other: Bus) => Promise<void>): Promise<void> =>
    use(2, async ([one, other]) => {
      if (one === undefined || other === undefined) throw new Error('two were asked for');
      await work(one, other);
    });
  const ann = subjectOf('u', 'ann');

  describe(`${name} bus`, () => {
    test('[BUS-1] others hear what is published, in its order, and nobody else does', () =>
      two(async (one, other) => {
        const { heard } = hearing(other, ann);
        const own = hearing(one, ann);
        const elsewhere = hearing(other, subjectOf('u', 'bob'));
        expect(await other.flush(FLUSH_MS)).toBe(true);
        expect(await one.flush(FLUSH_MS)).toBe(true);
        const wanted = Array.from({ length: 500 }, (_, at) => String(at));
        for (const text of wanted) expect(one.publish(ann, bytes(text))).toBe(true);
        await untilTrue('all is heard', () => heard.length >= wanted.length);
        expect(heard).toEqual(wanted);
        // What comes back the same way comes after anything that one could have heard of itself.
        other.publish(ann, bytes('back'));
        await untilTrue('the way back is heard', () => own.heard.length > 0);
        expect(own.heard).toEqual(['back']);
        expect(elsewhere.heard).toEqual([]);
      }));

    test('[BUS-1] whoever listens hears it, each by itself', () =>
      use(3, async ([one, ...others]) => {
        const ears = [...others, ...others].map((bus) => hearing(bus, ann));
        for (const bus of others) await bus.flush(FLUSH_MS);
        one?.publish(ann, bytes('hello'));
        await untilTrue('all hear it', () => ears.every(({ heard }) => heard.length === 1));
      }));

    test('[BUS-2] what is published after a flush of the subscription is heard', () =>
      two(async (one, other) => {
        for (let round = 0; round < 50; round += 1) {
          const { heard, stop } = hearing(other, subjectOf('g', String(round)));
          await other.flush(FLUSH_MS);
          one.publish(subjectOf('g', String(round)), bytes('first'));
          await untilTrue('the first is heard', () => heard.length === 1);
          stop();
        }
      }));

    test('[BUS-3] who has ceased to listen hears nothing more, and others go on', () =>
      two(async (one, other) => {
        const ceasing = hearing(other, ann);
        const going = hearing(other, ann);
        await other.flush(FLUSH_MS);
        ceasing.stop();
        ceasing.stop();
        one.publish(ann, bytes('later'));
        await untilTrue('the other hears it', () => going.heard.length === 1);
        expect(ceasing.heard).toEqual([]);
      }));

    test('[BUS-4] any name is a subject of its own', () =>
      two(async (one, other) => {
        const names = [
          'a',
          'a.b',
          'a.*',
          '*',
          '>',
          'a b',
          '',
          'ä',
          'A',
          '__proto__',
          'x'.repeat(64),
        ];
        const ears = names.map((who) => hearing(other, subjectOf('u', who)));
        const groups = hearing(other, subjectOf('g', 'a'));
        await other.flush(FLUSH_MS);
        for (const who of names) one.publish(subjectOf('u', who), bytes(who));
        await untilTrue('the last is heard', () => ears.at(-1)?.heard.length === 1);
        expect(ears.map(({ heard }) => heard)).toEqual(names.map((who) => [who]));
        expect(groups.heard).toEqual([]);
      }));

    test('[BUS-5] any bytes are handed on as they are, up to a size beyond which nobody is told', () =>
      two(async (one, other) => {
        const heard: Uint8Array[] = [];
        other.subscribe(ann, (payload) => heard.push(Uint8Array.from(payload)));
        await other.flush(FLUSH_MS);
        const all = Uint8Array.from({ length: 256 }, (_, at) => at);
        const largest = new Uint8Array(PAYLOAD_BYTES_MAX).fill(7);
        const sent = [all, new Uint8Array(0), largest];
        for (const payload of sent) expect(one.publish(ann, payload)).toBe(true);
        expect(one.publish(ann, new Uint8Array(PAYLOAD_BYTES_MAX + 1))).toBe(false);
        await untilTrue('all is heard', () => heard.length === sent.length);
        expect(heard.map(({ length }) => length)).toEqual(sent.map(({ length }) => length));
        expect(heard[0]).toEqual(all);
      }));

    test('[BUS-6] a listener that throws keeps nothing from others', () =>
      two(async (one, other) => {
        other.subscribe(ann, () => {
          throw new Error('a listener of the test');
        });
        const { heard } = hearing(other, ann);
        await other.flush(FLUSH_MS);
        one.publish(ann, bytes('1'));
        one.publish(ann, bytes('2'));
        await untilTrue('the other hears both', () => heard.length === 2);
      }));

    test('[BUS-12] a question is answered by all others, to the one that asks', () =>
      use(3, async (buses) => {
        const subject = subjectOf('all', 'questions');
        const ids = buses.map((_, index) => `process ${String(index)}`);
        const asked: string[] = [];
        const members = buses.map((bus, index) => {
          const id = ids[index] ?? '';
          const answerTo = (question: string) =>
            `${id} says ${asked[asked.push(question) - 1] ?? ''}`;
          return asking<string, string>({ bus, id, subject, answerTo });
        });
        for (const bus of buses) expect(await bus.flush(FLUSH_MS)).toBe(true);
        const ask = async (from: number, question: string, whom: readonly string[], ms: number) =>
          Object.fromEntries((await members[from]?.ask(question, whom, ms)) ?? []);
        // Each long before its time is over.
        const answers = await Promise.all([
          ask(0, 'a', ['process 1', 'process 2'], 60_000),
          ask(0, 'b', ['process 1', 'process 2'], 60_000),
          ask(1, 'c', ['process 0', 'process 2'], 60_000),
        ]);
        expect(answers).toEqual([
          { 'process 1': 'process 1 says a', 'process 2': 'process 2 says a' },
          { 'process 1': 'process 1 says b', 'process 2': 'process 2 says b' },
          { 'process 0': 'process 0 says c', 'process 2': 'process 2 says c' },
        ]);
        expect(asked).toHaveLength(6);
        // One that does not answer is waited for until the time is over, and the others have answered.
        members[2]?.close();
        expect(await ask(0, 'd', ['process 1', 'process 2'], 300)).toEqual({
          'process 1': 'process 1 says d',
        });
        expect(await ask(0, 'e', [], 60_000)).toEqual({});
      }));

    test('[BUS-12] over a bus that is away nobody is asked, and nobody is waited for', () =>
      two(async (one) => {
        const question = { bus: one, id: 'one', subject: subjectOf('all', 'questions') };
        const { ask } = asking<string, string>({ ...question, answerTo: () => undefined });
        await one.close();
        expect(await ask('anybody?', ['two'], 60_000)).toEqual(new Map());
      }));

    test('[BUS-7] once closed it tells nobody and says so', () =>
      two(async (one, other) => {
        await one.close();
        await one.close();
        expect(one.isConnected()).toBe(false);
        expect(one.publish(ann, bytes('too late'))).toBe(false);
        expect(await one.flush(100)).toBe(false);
        expect(other.isConnected()).toBe(true);
      }));
  });
};
