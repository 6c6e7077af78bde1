import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** What a process says to the other end, or what it is told. */
export type Way = 'out' | 'in';

/** The network between one process and what it talks to, as bad as a test wants it. */
export type FaultLine = Readonly<{
  /** In place of the other end's. */
  port: number;
  /** What goes this way arrives so many milliseconds later, in its order; 0 is at once. */
  delay: (way: Way, ms: number) => void;
  /** What goes this way is taken and does not arrive: it is on its way, until it is let go or its end dies. */
  hold: (way: Way) => void;
  release: (way: Way) => void;
  /** What is being held now, this way. */
  held: (way: Way) => string;
  /** What comes in is not even taken, so that it piles up at the other end. */
  choke: () => void;
  unchoke: () => void;
  /** Every connection breaks, and new ones break at once. */
  cut: () => void;
  mend: () => void;
  close: () => Promise<void>;
}>;

type OneWay = { delay: number; isHeld: boolean };
type OnItsWay = Readonly<{ due: number; bytes: Buffer }>;

/** One connection's bytes in one direction. */
type Lane = Readonly<{ go: () => void; waiting: readonly OnItsWay[] }>;

const lane = (from: Socket, to: Socket, state: OneWay): Lane => {
  const waiting: OnItsWay[] = [];
  let timer: NodeJS.Timeout | undefined;
  const go = (): void => {
    clearTimeout(timer);
    timer = undefined;
    for (;;) {
      const [next] = waiting;
      if (next === undefined || state.isHeld || to.destroyed) return;
      const left = next.due - performance.now();
      if (left > 0) {
        timer = setTimeout(go, left);
        return;
      }
      waiting.shift();
      if (!to.write(next.bytes)) from.pause();
    }
  };
  from.on('data', (bytes: Buffer) => {
    waiting.push({ due: performance.now() + state.delay, bytes });
    if (timer === undefined) go();
  });
  return { go, waiting };
};

export const openFaultLine = async (port: number): Promise<FaultLine> => {
  const ways: Readonly<Record<Way, OneWay>> = {
    out: { delay: 0, isHeld: false },
    in: { delay: 0, isHeld: false },
  };
  const lanes: Readonly<Record<Way, Set<Lane>>> = { out: new Set(), in: new Set() };
  const sockets = new Set<Socket>();
  const fars = new Set<Socket>();
  const state = { isChoked: false, isCut: false };

  const server = createServer((near) => {
    if (state.isCut) {
      near.resetAndDestroy();
      return;
    }
    const far = connect(port, '127.0.0.1');
    const out = lane(near, far, ways.out);
    const into = lane(far, near, ways.in);
    lanes.out.add(out);
    lanes.in.add(into);
    fars.add(far);
    near.on('drain', () => {
      if (!state.isChoked) far.resume();
    });
    far.on('drain', () => near.resume());
    if (state.isChoked) far.pause();
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.setNoDelay(true);
      one.on('error', () => undefined); // A close follows, and what has not arrived by then never does.
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
    near.on('close', () => {
      lanes.out.delete(out);
      lanes.in.delete(into);
      fars.delete(far);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');

  const goOn = (way: Way): void => {
    for (const { go } of lanes[way]) go();
  };
  return {
    port: address.port,
    delay: (way, ms) => {
      ways[way].delay = ms;
    },
    hold: (way) => {
      ways[way].isHeld = true;
    },
    release: (way) => {
      ways[way].isHeld = false;
      goOn(way);
    },
    held: (way) =>
      ways[way].isHeld
        ? [...lanes[way]]
            .flatMap(({ waiting }) => waiting.map(({ bytes }) => bytes.toString('latin1')))
            .join('')
        : '',
    choke: () => {
      state.isChoked = true;
      for (const far of fars) far.pause();
    },
    unchoke: () => {
      state.isChoked = false;
      for (const far of fars) far.resume();
    },
    cut: () => {
      state.isCut = true;
      for (const socket of sockets) socket.resetAndDestroy();
    },
    mend: () => {
      state.isCut = false;
    },
    close: () =>
      new Promise<void>((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => {
          resolve();
        });
      }),
  };
};
