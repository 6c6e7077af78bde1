import { describe, expect, test } from 'vitest';
import { psqlCall } from '../../../infra/cli/psql.ts';

describe('[OPS-25] psql is called', () => {
  test.each([
    [
      'postgres://seq:s%40cret@db:5432/chat?sslmode=require',
      'postgres://seq@db:5432/chat?sslmode=require',
    ],
    ['postgresql://seq:s%40cret@/chat?host=%2Frun', 'postgresql://seq@/chat?host=%2Frun'],
    ['postgres://db/chat?user=seq&password=s%40cret', 'postgres://db/chat?user=seq'],
    ['postgres://db/chat?password=s%40cret&user=seq', 'postgres://db/chat?user=seq'],
    ['postgres://seq@db/chat?password=s%40cret', 'postgres://seq@db/chat'],
  ])('without the password in %s where others see it', (url, address) => {
    const { args, env } = psqlCall(url, 'seqline_as_of_7');
    expect(args).toEqual([address]);
    expect(env['PGPASSWORD']).toBe('s@cret');
  });

  test('for reading, in the schema that was made for it', () => {
    const { args, env } = psqlCall('postgres://seq@db/chat', 'seqline_as_of_7');
    expect(args).toEqual(['postgres://seq@db/chat']);
    expect(env).toEqual({
      PGOPTIONS: '-c search_path=seqline_as_of_7 -c default_transaction_read_only=on',
    });
  });
});
