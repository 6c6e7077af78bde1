import { spawn } from 'node:child_process';
import { once } from 'node:events';

export type PsqlCall = Readonly<{ args: readonly string[]; env: Readonly<Record<string, string>> }>;

const PASSWORD_OF_LOGIN = /^(postgres(?:ql)?:\/\/[^:@/?#]*):([^@/?#]*)(?=@)/;
const PASSWORD_IN_QUERY = /([?&])password=([^&#]*)&?/;

/** How psql is called: its password is told by the environment, for whoever lists processes sees what they are called with. */
export const psqlCall = (url: string, schema: string): PsqlCall => {
  const [, , ofLogin] = PASSWORD_OF_LOGIN.exec(url) ?? [];
  const [, , inQuery] = PASSWORD_IN_QUERY.exec(url) ?? [];
  const password = inQuery ?? ofLogin;
  const address = url
    .replace(PASSWORD_OF_LOGIN, '$1')
    .replace(PASSWORD_IN_QUERY, '$1')
    .replace(/[?&]$/, '');
  return {
    args: [address],
    env: {
      PGOPTIONS: `-c search_path=${schema} -c default_transaction_read_only=on`,
      ...(password !== undefined && { PGPASSWORD: decodeURIComponent(password) }),
    },
  };
};

/** Reads alone, for what is changed there changes nothing but what is shown. */
export const inPsql = async (url: string, schema: string): Promise<number> => {
  const { args, env } = psqlCall(url, schema);
  const psql = spawn('psql', args, { stdio: 'inherit', env: { ...process.env, ...env } });
  // To end a statement is for psql.
  const ignore = (): void => undefined;
  process.on('SIGINT', ignore);
  try {
    const [code] = (await once(psql, 'exit')) as [number | null];
    return code ?? 1;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    throw new Error(
      `psql is not installed: give a --query, or --keep the schema ${schema} and ask it by a client of yours`,
      { cause: error },
    );
  } finally {
    process.off('SIGINT', ignore);
  }
};
