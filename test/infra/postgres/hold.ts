import { startEmbeddedPostgres } from '../../../infra/postgres/embedded.ts';

/** A process of its own that has a Postgres and does nothing else, until it is killed. */
const [directory = ''] = process.argv.slice(2);
const say = (kind: string) => (text: string) => {
  process.stdout.write(`${JSON.stringify({ kind, text })}\n`);
};
const { url } = await startEmbeddedPostgres({
  directory,
  log: { info: say('info'), warn: say('warn') },
});
say('url')(url);
