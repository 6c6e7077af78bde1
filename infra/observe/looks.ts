import { Counter, Gauge, type Registry } from 'prom-client';

type Sample = Readonly<{ labels?: Readonly<Record<string, string | number>>; value: number }>;

/** A measure that is looked up when somebody asks for it. `help` says what to do with it. */
export type Look = Readonly<{
  name: string;
  help: string;
  /** Names of the labels that samples have. */
  labels?: readonly string[];
  look: () => Iterable<Sample>;
}>;

/** A measure without labels. */
export const one = (value: number): readonly Sample[] => [{ value }];

export const addGauges = (registry: Registry, looks: readonly Look[]): void => {
  for (const { name, help, labels = [], look } of looks) {
    new Gauge({
      name,
      help,
      labelNames: [...labels],
      registers: [registry],
      collect() {
        this.reset();
        for (const sample of look()) this.set(sample.labels ?? {}, sample.value);
      },
    });
  }
};

/** Each look has the whole count, not what came since the last one. */
export const addCounters = (registry: Registry, looks: readonly Look[]): void => {
  for (const { name, help, labels = [], look } of looks) {
    new Counter({
      name,
      help,
      labelNames: [...labels],
      registers: [registry],
      collect() {
        this.reset();
        for (const sample of look()) this.inc(sample.labels ?? {}, sample.value);
      },
    });
  }
};
