import { describe } from '../config/settings.ts';

const SETTINGS = describe();
const WIDTH = Math.max(...SETTINGS.map(({ name }) => name.length));

const setting = ({ name, fallback, summary }: (typeof SETTINGS)[number]): string =>
  `  ${name.padEnd(WIDTH)}  ${summary}${fallback === '' ? '' : ` (${fallback})`}`;

export const HELP = `Seqline: the instant-messaging core for apps with the official OpenIM SDKs

  seqline serve [--roles api,gateway,projector,reactor]
                                        all roles in one process, or those that are named
  seqline doctor                        looks whether this machine and configuration will do
  seqline token USER [--platform N]     asks the running server for a user's token (5: Web)
  seqline projector status              how far the read models are, and what stops them
  seqline projector skip POSITION --reason "…"
                                        has the one that stops at this event do without it
  seqline webhook list                  the app server's endpoints, and how far each has been told
  seqline webhook test NAME             posts a call to one that says that it is a test
  seqline webhook deliveries NAME [--dead] [--json]
                                        what it was told of late, or what was given up
  seqline webhook resend NAME [ID …]    sends what was given up again, all or some
  seqline webhook replay NAME --from POSITION|TIME|start
                                        tells it once more what came from there on, marked as such
  seqline verify [--log-only] [--json]  counts the whole log again and compares the tables with it, while
                                        the server runs or not; ends with 0 (equal), 1 (differences) or
                                        2 (could not be done)
  seqline replay [--from TIME|POSITION] [--to TIME|POSITION] [--stream NAME] [--category NAME]
      [--type NAME] [--actor USER] [--conversation ID] [--format ndjson|csv|parquet] [--output FILE]
      [--follow]                        writes the log's events, decoded; names may be given several times;
                                        what is cut short goes on when it is asked for again
  seqline as-of TIME|POSITION [--query SQL [--json]] [--keep]
                                        the read models as they were then, in psql or by a query
  seqline explain CONVERSATION NUMBER [--text] [--json]
                                        what has become of a message: who sent it, when it was stored, to
                                        whom it was pushed, who has read it; --client-msg-id ID instead of
                                        the number; --text shows what it says, too
  seqline rebuild NAME|analytics|all [--repair]
                                        builds a read model anew beside the old one, compares the two, and
                                        switches to it while the server runs; --repair: different, too
  seqline eventstore [--port N] [--host ADDRESS --expose] [--allow-writes]
                                        the log alone, for EventStoreDB's clients and tools (port 2113);
                                        without a login: --expose lets others than this machine reach it,
                                        --allow-writes lets callers write Seqline's own streams
  seqline log copy FROM TO [--verify-only | --while-written]
                                        copies a log, or goes on with it, and compares the two; each is
                                        embedded:DATA-DIRECTORY or esdb://…; --while-written: a backup
                                        of an event store that is in use, up to where it came
  seqline keys copy embedded:DATA-DIRECTORY
                                        copies the keys of a single process into the database of
                                        SEQLINE_KEYS, or goes on with it, and compares the two
  seqline log backup DIRECTORY          copies log and keys, also while the server runs, and checks them
  seqline log restore DIRECTORY         brings them back into an empty SEQLINE_DATA, and checks them
  seqline log sign                      signs what has come since it was signed last; prints the checkpoint
  seqline log bundle DIRECTORY          the signed log, sealed, for others to check
  seqline log verify-bundle DIRECTORY [KEY]
                                        checks a bundle, anywhere
  seqline log check                     reads the whole log, also while the server runs

  --help       this text; after a command, what it takes
  --version    which Seqline this is

Configuration, by environment; all optional:
${SETTINGS.map(setting).join('\n')}
`;

const COMMAND = /^ {2}seqline (\S+)/;

/** The lines that are about one command. */
const linesOf = (command: string): readonly string[] => {
  let about = '';
  return HELP.split('\n').filter((line) => {
    if (line === '') about = '';
    about = COMMAND.exec(line)?.[1] ?? about;
    return about === command;
  });
};

/** What there is to know of one command. */
export const helpOf = (command: string): string =>
  `${linesOf(command).join('\n')}\n\nseqline --help lists all commands and settings.\n`;

/** The options that a command takes, without their dashes. */
export const optionsOf = (command: string): ReadonlySet<string> =>
  new Set(
    Array.from(
      linesOf(command)
        .join('\n')
        .matchAll(/--([a-z-]+)/g),
      ([, name = '']) => name,
    ),
  );
