import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A network between a client and a server that a test can cut. Addresses stay the same for its life. */
export type Link = Readonly<{
  apiAddr: string;
  wsAddr: string;
  /** Connections opened to the socket address so far, those refused while cut included. */
  dials: () => number;
  /** Every connection breaks, and new ones break at once. */
  cut: () => void;
  restore: () => void;
  close: () => Promise<void>;
}>;

const listening = (server: Server): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address: AddressInfo | string | null = server.address();
      if (address === null || typeof address === 'string') reject(new Error('no port'));
      else resolve(address.port);
    });
  });

const openRelay = async (port: number) => {
  const open = new Set<Socket>();
  const state = { cut: false, dials: 0 };
  const server = createServer((near) => {
    state.dials += 1;
    if (state.cut) {
      near.resetAndDestroy();
      return;
    }
    const far = connect(port, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(from);
      from.setNoDelay(true);
      from.pipe(to);
      // What ends one side, an error included, ends the other: a relay has no opinion of its own.
      from.on('error', () => to.destroy());
      from.on('close', () => {
        open.delete(from);
        to.destroy();
      });
    }
  });
  return {
    port: await listening(server),
    state,
    breakAll: () => {
      for (const socket of open) socket.resetAndDestroy();
    },
    close: () =>
      new Promise<void>((resolve) => {
        for (const socket of open) socket.destroy();
        server.close(() => {
          resolve();
        });
      }),
  };
};

/** A link to the server whose ports are given. */
export const openLink = async (to: { httpPort: number; wsPort: number }): Promise<Link> => {
  const http = await openRelay(to.httpPort);
  const ws = await openRelay(to.wsPort);
  return {
    apiAddr: `http://127.0.0.1:${String(http.port)}`,
    wsAddr: `ws://127.0.0.1:${String(ws.port)}`,
    dials: () => ws.state.dials,
    cut: () => {
      for (const relay of [http, ws]) {
        relay.state.cut = true;
        relay.breakAll();
      }
    },
    restore: () => {
      for (const relay of [http, ws]) relay.state.cut = false;
    },
    close: async () => {
      await Promise.all([http.close(), ws.close()]);
    },
  };
};
