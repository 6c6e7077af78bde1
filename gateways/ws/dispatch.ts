import { decodeRequest, encodeReply, type Request } from '../openim/envelope.ts';
import { countedCode, WIRE_ERRORS } from '../openim/errors.ts';
import { MalformedFrame } from '../openim/malformed.ts';
import { passingFault } from '../passing.ts';
import { EMPTY, failure, type Answer, type Asked, type Handler, type Handlers } from './answer.ts';
import type { Connection } from './connection.ts';
import { NO_SOCKET_METER } from '../meters.ts';
import { HeldTooLong } from './hold.ts';
import type { Log } from '../log.ts';

/** Details are for developers; clients decide by the number. */
const DETAIL_LENGTH_MAX = 200;

const frameOf = (
  { form }: Connection,
  { identifier, msgIncr, operationId }: Request,
  answer: Exclude<Answer, { kind: 'answered' }>,
): Uint8Array => {
  const echo = { identifier, msgIncr, operationId };
  if (answer.kind === 'data') {
    return encodeReply({ ...echo, errCode: 0, errMsg: '', data: answer.data }, form);
  }
  const { error, detail } = answer;
  const errMsg = detail === '' ? error.errMsg : `${error.errMsg} ${detail}`;
  return encodeReply(
    {
      ...echo,
      errCode: error.errCode,
      errMsg: errMsg.slice(0, DETAIL_LENGTH_MAX),
      data: EMPTY,
    },
    form,
  );
};

/** From a frame to the answer. Resolves when the request has been answered or its socket closed. */
export const dispatcher = (handlers: Handlers, log: Log, meter = NO_SOCKET_METER) => {
  const isAsked = (number: number): number is Asked => Object.hasOwn(handlers, number);

  const answer = async (
    handler: Handler,
    connection: Connection,
    request: Request,
  ): Promise<Answer | undefined> => {
    try {
      return await handler(connection, request);
    } catch (error) {
      if (error instanceof MalformedFrame) return failure(WIRE_ERRORS.args, error.message);
      if (error instanceof HeldTooLong) {
        connection.close('not-answerable');
        return undefined;
      }
      const { identifier, operationId } = request;
      const { user } = connection.caller;
      const passing = passingFault(error);
      if (passing !== undefined) {
        const reason = error instanceof Error ? error.message : '';
        log.warn({ identifier, operationId, user, reason }, 'a request is to be made again');
        return failure(WIRE_ERRORS.serverInternal, passing);
      }
      log.error({ err: error, identifier, operationId, user }, 'a socket request failed');
      return failure(WIRE_ERRORS.serverInternal, '');
    }
  };

  return async (connection: Connection, frame: Uint8Array): Promise<void> => {
    const request = readRequest(connection, frame);
    if (request === undefined) return;
    const { identifier } = request;
    if (!isAsked(identifier)) {
      connection.close('unknown-request');
      return;
    }
    if (!connection.begin(request.size)) {
      connection.close('too-many-requests');
      return;
    }
    const given = await answer(handlers[identifier], connection, request);
    connection.finish(request.size);
    if (given === undefined) return;
    meter.answered(identifier, given.kind === 'error' ? countedCode(given.error.errCode) : 0);
    if (given.kind === 'answered') return;
    const reply = frameOf(connection, request, given);
    if (given.kind === 'data' && given.last !== undefined) connection.close(given.last, reply);
    else connection.send(reply);
  };
};

type Dispatch = ReturnType<typeof dispatcher>;

/**
 * What comes in before a connection is read waits, and counts as what is in flight does, by what has been sent of it.
 */
export const onceReady =
  (dispatch: Dispatch): Dispatch =>
  (connection, frame) => {
    const { ready } = connection;
    if (ready === undefined) return dispatch(connection, frame);
    if (!connection.begin(frame.byteLength)) {
      connection.close('too-many-requests');
      return Promise.resolve();
    }
    return ready.then(() => {
      connection.finish(frame.byteLength);
      return connection.closed === undefined ? dispatch(connection, frame) : undefined;
    });
  };

/** Undefined: it was nothing to be answered, and the connection has been closed. */
const readRequest = (connection: Connection, frame: Uint8Array): Request | undefined => {
  try {
    const request = decodeRequest(frame, connection.form);
    if (request.sendId === connection.caller.user) return request;
    connection.close('foreign-sender');
  } catch (error) {
    if (!(error instanceof MalformedFrame)) throw error;
    connection.close('malformed-frame');
  }
  return undefined;
};
