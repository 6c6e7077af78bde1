import { describe, expect, test } from 'vitest';
import { decodeGob, encodeGobRequest } from './gob.ts';

const hex = (text: string): Uint8Array => Buffer.from(text.replaceAll(' ', ''), 'hex');

/** Written by Go's own gob package: GeneralWsReq, as the Go clients send it. */
const REQUEST =
  '66ff810301010c47656e6572616c577352657101ff82000106010d5265714964656e7469666965720104000105546f' +
  '6b656e010c00010653656e644944010c00010b4f7065726174696f6e4944010c0001074d7367496e6372010c000104' +
  '44617461010a0000001aff8201fe07d20202753101036f703101026d3101040a02753100';

/** The definition of Resp that a server sends before each value. */
const RESPONSE_TYPE =
  '60ff81030101045265737001ff82000106010d5265714964656e7469666965720104000107' +
  '4d7367496e6372010c00010b4f7065726174696f6e4944010c000107457272436f64650104' +
  '0001064572724d7367010c00010444617461010a000000';

describe('the gob of the raw test client', () => {
  test('writes what Go writes', () => {
    const request = {
      ReqIdentifier: 1001,
      SendID: 'u1',
      OperationID: 'op1',
      MsgIncr: 'm1',
      Data: hex('0a027531'),
    };
    expect(Buffer.from(encodeGobRequest(request)).toString('hex')).toBe(REQUEST);
  });

  test('reads what Go writes', () => {
    expect(Object.fromEntries(decodeGob(hex(REQUEST)))).toEqual({
      ReqIdentifier: 1001,
      SendID: 'u1',
      OperationID: 'op1',
      MsgIncr: 'm1',
      Data: Buffer.from('0a027531', 'hex'),
    });
  });

  test('reads numbers below zero and long values', () => {
    const negative = decodeGob(hex(`${RESPONSE_TYPE} 0bff8201fe0fa403fe010100`));
    expect(Object.fromEntries(negative)).toEqual({ ReqIdentifier: 2002, ErrCode: -129 });
    const data = Buffer.alloc(300, 7).toString('hex');
    const long = decodeGob(
      hex(`${RESPONSE_TYPE} fe013c ff82 01 fe0fa2 02 03 6f7031 03 fe012c ${data} 00`),
    );
    expect(long.get('Data')).toHaveLength(300);
  });

  test('takes no stream that is cut short or goes on too long', () => {
    expect(() => decodeGob(hex(REQUEST).subarray(0, -4))).toThrow('cut short');
    expect(() => decodeGob(hex(`${RESPONSE_TYPE} 08ff8201fe0fa40000`))).toThrow('after the value');
  });
});
