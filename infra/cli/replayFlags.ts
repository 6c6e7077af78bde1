import type { ReplayRequest } from '../replay/request.ts';

/** What `replay` takes beside what all commands do. */
export type ReplayFlags = ReplayRequest &
  Readonly<{
    format?: string;
    output?: string;
    follow: boolean;
    /** Of `as-of`: what is asked, and whether its tables stay. */
    query?: string;
    keep?: boolean;
    /** Of `rebuild`: even what differs is replaced. */
    repair?: boolean;
  }>;

/** In the form that `parseArgs` takes. */
export const REPLAY_OPTIONS = {
  from: { type: 'string' },
  to: { type: 'string' },
  stream: { type: 'string', multiple: true },
  category: { type: 'string', multiple: true },
  type: { type: 'string', multiple: true },
  actor: { type: 'string', multiple: true },
  conversation: { type: 'string', multiple: true },
  format: { type: 'string' },
  output: { type: 'string', short: 'o' },
  follow: { type: 'boolean', default: false },
  query: { type: 'string' },
  keep: { type: 'boolean', default: false },
  repair: { type: 'boolean', default: false },
} as const;

type Values = Readonly<{
  from?: string | undefined;
  to?: string | undefined;
  stream?: readonly string[] | undefined;
  category?: readonly string[] | undefined;
  type?: readonly string[] | undefined;
  actor?: readonly string[] | undefined;
  conversation?: readonly string[] | undefined;
  format?: string | undefined;
  output?: string | undefined;
  follow: boolean;
  query?: string | undefined;
  keep?: boolean;
  repair?: boolean;
}>;

export const replayFlags = (values: Values): ReplayFlags => {
  const { from, to, format, output, follow, query, keep, repair } = values;
  return {
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    ...(format !== undefined && { format }),
    ...(output !== undefined && { output }),
    ...(query !== undefined && { query }),
    ...{ follow, keep: keep === true, repair: repair === true },
    streams: values.stream ?? [],
    categories: values.category ?? [],
    types: values.type ?? [],
    actors: values.actor ?? [],
    conversations: values.conversation ?? [],
  };
};
