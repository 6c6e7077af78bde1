import { describe, expect, test } from 'vitest';
import { natsAddressOf } from '../../../infra/config/natsAddress.ts';

describe('the address of NATS', () => {
  test('names servers, a login and files', () => {
    expect(natsAddressOf('nats://localhost:4222')).toEqual({
      servers: ['localhost:4222'],
      tls: false,
    });
    expect(natsAddressOf('nats://ann:p%40ss:word@one:4222,two,[::1]:4223/')).toEqual({
      servers: ['one:4222', 'two', '[::1]:4223'],
      tls: false,
      user: 'ann',
      password: 'p@ss:word',
    });
    expect(natsAddressOf('tls://secret@one')).toEqual({
      servers: ['one'],
      tls: true,
      token: 'secret',
    });
    expect(natsAddressOf('nats://one?credentials=/etc/a%20b.creds&ca=/ca.pem')).toEqual({
      servers: ['one'],
      tls: true,
      credentials: '/etc/a b.creds',
      ca: '/ca.pem',
    });
    expect(natsAddressOf('nats://one?nkey=/user.nk')).toEqual({
      servers: ['one'],
      tls: false,
      nkey: '/user.nk',
    });
    expect(natsAddressOf('tls://one?certificate=/c.pem&key=/k.pem')).toEqual({
      servers: ['one'],
      tls: true,
      certificate: '/c.pem',
      key: '/k.pem',
    });
  });

  test.each([
    'nats:one',
    'http://one',
    'nats://',
    'nats://one two',
    'nats://one:port',
    'nats://one,',
    'nats://%zz@one',
    'nats://one?colour=red',
    'nats://one?ca=',
    'nats://one?key=/k.pem',
    'memory',
  ])('is not %s', (text) => {
    expect(natsAddressOf(text)).toBeUndefined();
  });
});
