/** A list since a version that a client has, as read models tell it. */
type ListSince<T> = Readonly<{
  version: number;
  versionId: string;
  full: boolean;
  delete: readonly string[];
  insert: readonly T[];
  update: readonly T[];
}>;

/** What has changed in a list, as `incremental` in shapes.ts describes it. */
export const changesOf = <T, Shown>(list: ListSince<T>, shown: (item: T) => Shown) => ({
  version: list.version,
  versionID: list.versionId,
  full: list.full,
  delete: [...list.delete],
  insert: list.insert.map(shown),
  update: list.update.map(shown),
});
