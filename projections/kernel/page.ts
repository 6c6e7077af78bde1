/** Of all that there are, those of the page. */
export type Found<T> = Readonly<{ total: number; items: readonly T[] }>;

/** A page counts from 1; past the end it is empty, and the total is still right. */
export type Page = Readonly<{ pageNumber: number; showNumber: number }>;
