/** What can be wrong: with the log itself, with a row of a table, with what users are shown. */
export type FindingKind =
  | 'damaged record'
  | 'unreadable event'
  | 'missing revision'
  | 'other participants'
  | 'falling time'
  | 'wrong id'
  | 'stored twice'
  | 'missing row'
  | 'changed row'
  | 'row too many'
  | 'shown otherwise'
  | 'chain broken'
  | 'chain cut short'
  | 'bad signature';

export type Finding = Readonly<{
  kind: FindingKind;
  /** The stream, the table, or what is shown to users. */
  where: string;
  /** Which place or row there. */
  key: string;
  expected: string;
  found: string;
}>;

/** As many as a person reads; the rest are counted. */
const FIRST_MAX = 20;

/** Counts every finding and keeps the first ones: a log may have as many faults as it has events. */
export class Findings {
  readonly first: Finding[] = [];
  readonly #counts = new Map<FindingKind, number>();

  add(finding: Finding): void {
    this.#counts.set(finding.kind, (this.#counts.get(finding.kind) ?? 0) + 1);
    if (this.first.length < FIRST_MAX) this.first.push(finding);
  }

  get total(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  get byKind(): Readonly<Partial<Record<FindingKind, number>>> {
    return Object.fromEntries(this.#counts);
  }
}
