import uWS from 'uWebSockets.js';
import type { HttpRequest, HttpResponse, TemplatedApp, us_socket_context_t } from 'uWebSockets.js';
import type { NumberedEvent } from '../../core/conversation/events.ts';
import type { Recorded } from '../../core/kernel/fact.ts';
import type { Millis, UserId } from '../../core/kernel/ids.ts';
import type { LoginEvent } from '../../core/login/events.ts';
import type { Passing } from '../../core/sequence/shown.ts';
import { FRAME_BYTES_MAX } from '../openim/envelope.ts';
import type { WatchedHere } from './presence.ts';
import type { Presence } from '../ports.ts';
import type { MembershipEvent } from './audience.ts';
import { Entrance } from './entrance.ts';
import { Gateway, type GatewayDeps, type GatewayStats } from './gateway.ts';
import { answerOf, readQuery, type Accepted, type Asked, type Welcome } from './handshake.ts';
import type { Alarm } from './hold.ts';
import type { Topic } from './interest.ts';
import { TICK_MS } from './keeper.ts';
import { CLOSE_NORMAL, type CloseReason } from './socket.ts';
import { UwsSocket } from './uwsSocket.ts';

/** What a socket may leave unread. Beyond it nothing is dropped: it is closed, returns and pulls. */
export const BACKPRESSURE_BYTES_MAX = 1024 * 1024;
/** Three pings that nobody has answered. OpenIM's own server has 30 s; some clients are slower. */
export const IDLE_TIMEOUT_S = 90;

/** The native binary does not load here, and the package's substitute has no handshake of one's own. */
export class NativeSocketsMissing extends Error {
  override name = 'NativeSocketsMissing';
}

export type SocketImplementation = 'native' | 'javascript';

/**
 * The package says on the console only that it has fallen back; what tells is what it exports: its
 * JavaScript has no TLS.
 */
export const socketImplementation = (): SocketImplementation =>
  Object.hasOwn(uWS, 'SSLApp') ? 'native' : 'javascript';

type Limit = 'connectionsMax' | 'userConnectionsMax';

export type WsGatewayDeps = Omit<GatewayDeps, Limit | 'wait' | 'alarm'> &
  Readonly<{ config: Readonly<{ host: string; port: number }> & Pick<GatewayDeps, Limit> }>;

export type WsGateway = Readonly<{
  /** The port it listens on; of use where 0 was asked for. */
  port: number;
  implementation: SocketImplementation;
  /** Stored events in the order of the log; again is harmless. */
  deliver: (events: readonly Recorded<NumberedEvent>[]) => void;
  /** Stored events that somebody has appended elsewhere, in any order, before they are delivered. */
  announce: (events: readonly Recorded<NumberedEvent>[]) => void;
  /** Who comes into groups and goes, in the order of the log with what is delivered. */
  memberMoved: (event: Recorded<MembershipEvent>) => void;
  /** What is not stored; `senderSync`: to the sender's own devices as well. */
  pass: (passing: Passing, senderSync: boolean, openedBefore?: Millis) => void;
  /** To these users, from another process. */
  passTo: (topics: readonly Topic[], passing: Passing, openedBefore?: Millis) => void;
  /** A user has come to another gateway, or gone from it. */
  presenceMoved: (user: UserId) => void;
  loginChanged: (event: LoginEvent) => void;
  isHere: (user: UserId) => boolean;
  ownersOf: Gateway['ownersOf'];
  presenceOf: Presence;
  /** Platforms on which something is pushed to a user by this gateway. */
  awakeHere: Presence;
  presenceSubscriptions: WatchedHere;
  stats: () => GatewayStats;
  /** Stops listening, lets what was asked be answered, closes all sockets. */
  close: () => Promise<void>;
}>;

/** What goes with each socket of the library. */
type Session = { readonly coming: Coming; open?: Open };
/** Before it is known whether it may; when it is, and to be told by a frame; or having been told by the upgrade. */
type Coming =
  Readonly<{ asked: Asked }> | Readonly<{ answer: Welcome }> | Readonly<{ accepted: Accepted }>;
type Open = Readonly<{ socket: UwsSocket; entrance: Entrance }>;

const wait = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds).unref();
  });

const alarm: Alarm = (milliseconds, ring) => {
  const timer = setTimeout(ring, milliseconds).unref();
  return () => clearTimeout(timer);
};

/** Opens the door for clients. Rejects when the port cannot be had or the native binary is missing. */
export const startWsGateway = async (deps: WsGatewayDeps): Promise<WsGateway> => {
  const implementation = socketImplementation();
  if (implementation !== 'native') {
    throw new NativeSocketsMissing(
      `uWebSockets.js has no binary for Node ${process.version} on ${process.platform} ${process.arch}`,
    );
  }
  const { host, port, connectionsMax, userConnectionsMax } = deps.config;
  const gateway = new Gateway({ ...deps, connectionsMax, userConnectionsMax, wait, alarm });
  const app = uWS.App();
  acceptSockets(app, gateway, (error) =>
    deps.log.error({ err: error }, 'a socket could not be served'),
  );
  app.any('/*', (response) => {
    response.writeStatus('426 Upgrade Required').end('This port speaks WebSocket.');
  });
  const listening = await listen(app, host, port);
  const ticking = setInterval(() => gateway.tick(), TICK_MS);
  const shut = async (): Promise<void> => {
    listening.stop();
    await gateway.drain();
    clearInterval(ticking);
  };
  let closed: Promise<void> | undefined;
  return {
    port: listening.port,
    implementation,
    deliver: (events) => gateway.deliver(events),
    announce: (events) => gateway.announce(events),
    memberMoved: (event) => gateway.memberMoved(event),
    pass: (...passed) => gateway.pass(...passed),
    passTo: (...passed) => gateway.passTo(...passed),
    presenceMoved: (user) => gateway.presenceMoved(user),
    loginChanged: (event) => gateway.loginChanged(event),
    isHere: (user) => gateway.isHere(user),
    ownersOf: (numbers) => gateway.ownersOf(numbers),
    presenceOf: gateway.presenceOf,
    awakeHere: (user) => gateway.awakeHere(user),
    presenceSubscriptions: gateway.presenceSubscriptions,
    stats: () => gateway.stats(),
    close: () => (closed ??= shut()),
  };
};

/** Why is not said by uWebSockets.js. */
export class CannotListen extends Error {
  override name = 'CannotListen';
  readonly port: number;

  constructor(host: string, port: number) {
    super(`cannot listen on ${host}:${String(port)}`);
    this.port = port;
  }
}

const listen = (
  app: TemplatedApp,
  host: string,
  port: number,
): Promise<Readonly<{ port: number; stop: () => void }>> =>
  new Promise((resolve, reject) => {
    app.listen(host, port, (listening) => {
      if (listening === false) {
        reject(new CannotListen(host, port));
        return;
      }
      resolve({
        port: uWS.us_socket_local_port(listening),
        stop: () => uWS.us_listen_socket_close(listening),
      });
    });
  });

const acceptSockets = (
  app: TemplatedApp,
  gateway: Gateway,
  failed: (error: unknown) => void,
): void => {
  app.ws<Session>('/*', {
    maxPayloadLength: FRAME_BYTES_MAX,
    maxBackpressure: BACKPRESSURE_BYTES_MAX,
    closeOnBackpressureLimit: 1,
    idleTimeout: IDLE_TIMEOUT_S,
    // Its own pings come only shortly before the idle timeout; the gateway's come every 25 s.
    sendPingsAutomatically: false,
    compression: uWS.DISABLED,

    upgrade: (response, request, context) => {
      void upgrade(gateway, { request, response }, context).catch(failed);
    },

    open: (ws) => {
      const session = ws.getUserData();
      const socket = new UwsSocket(ws);
      const entrance = new Entrance(gateway, socket);
      session.open = { socket, entrance };
      const { coming } = session;
      if ('accepted' in coming) return entrance.letIn(coming.accepted);
      if ('answer' in coming) return entrance.tell(coming.answer);
      void entrance.ask(coming.asked).catch((error: unknown) => {
        failed(error);
        socket.end(CLOSE_NORMAL);
      });
    },

    message: (ws, message, isBinary) => {
      // The bytes are the library's, and gone once this function has returned.
      const bytes = Buffer.from(new Uint8Array(message));
      ws.getUserData().open?.entrance.receive(bytes, !isBinary);
    },

    close: (ws, _code, message) => {
      const open = ws.getUserData().open;
      if (open === undefined) return;
      open.socket.markClosed();
      open.entrance.gone(reasonOf(open.socket, Buffer.from(message).toString('latin1')));
    },
  });
};

/** As much of a handshake's two sides as is used. */
type Handshake = Readonly<{
  request: Pick<HttpRequest, 'getQuery' | 'getHeader'>;
  response: Readonly<{
    onAborted: (handler: () => void) => unknown;
    cork: (write: () => void) => unknown;
    upgrade: HttpResponse['upgrade'];
    writeStatus: (status: string) => unknown;
    writeHeader: (name: string, value: string) => unknown;
    end: (body: string, close: boolean) => unknown;
  }>;
}>;

/**
 * Everything is read from the request before anything is waited for: it is gone afterwards.
 *
 * Whoever waits for a frame is upgraded at once, in the library's own call. Native clients read a refusal from the
 * handshake's answer, and the JS SDK takes an open socket for a login, so for them it has to be known first.
 *
 * An upgrade after that must not happen inside `cork`: when that returns, it looks at the memory where the response was
 * to see whether the connection is to be closed, and finds there what has become of the socket. So now and then a
 * connection that had just been let in was ended (uWebSockets.js 20.30, `HttpResponse::cork`). Outside of it and of
 * its own calls the library prints a warning on stderr for each upgrade, and nothing but printing depends on that
 * (docs/OPERATIONS.md).
 */
export const upgrade = async (
  gateway: Pick<Gateway, 'greet'>,
  { request, response }: Handshake,
  context: us_socket_context_t,
): Promise<void> => {
  const client = { gone: false };
  response.onAborted(() => {
    client.gone = true;
  });
  const asked = readQuery(request.getQuery(), request.getHeader('compression'));
  const key = request.getHeader('sec-websocket-key');
  const extensions = request.getHeader('sec-websocket-extensions');
  const open = (coming: Coming): void => {
    const session: Session = { coming };
    response.upgrade(session, key, '', extensions, context);
  };
  if (asked.waitsForFrame) {
    open({ asked });
    return;
  }
  const answer = await gateway.greet(asked);
  if (client.gone) return;
  if (asked.answerByFrame) {
    open({ answer });
    return;
  }
  if (answer.kind === 'accepted') {
    open({ accepted: answer });
    return;
  }
  response.cork(() => {
    // 200 and not 401: native clients read what is wrong from the body of the failed handshake.
    response.writeStatus('200 OK');
    response.writeHeader('Content-Type', 'application/json; charset=utf-8');
    response.end(answerOf(answer), true);
  });
};

/** How uWebSockets.js explains a closing of its own. */
const reasonOf = (socket: UwsSocket, message: string): CloseReason => {
  if (socket.overflown) return 'too-slow';
  if (message.startsWith('Received too big message')) return 'oversize-frame';
  if (message.startsWith('WebSocket timed out')) return 'silent';
  return 'client';
};
