import { WIRE_ERRORS } from '../../openim/errors.ts';
import { failure, type Handler } from '../answer.ts';

/** 1004: signalling of OpenIM's enterprise edition, which its open server refuses too. */
export const sendSignal = (): Handler => () => failure(WIRE_ERRORS.args, 'signals are not served');
