import type { Incremental } from '../ports.ts';

/** What has changed in a list since a version, as `incremental` in shapes.ts describes it. */
export const changesOf = <T, Shown>(list: Incremental<T>, shown: (item: T) => Shown) => ({
  version: list.version,
  versionID: list.versionId,
  full: list.full,
  delete: [...list.delete],
  insert: list.insert.map(shown),
  update: list.update.map(shown),
});
