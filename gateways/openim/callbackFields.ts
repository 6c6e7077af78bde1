import { isErased, type Meta, type Personal } from '../../core/kernel/fact.ts';

/** Of what has been erased, or was not said, nothing is told. */
export const opened = <T extends object>(personal: Personal<T> | undefined): Partial<T> =>
  personal === undefined || isErased(personal) ? {} : personal;

/** What is not there is `null` to OpenIM's receivers. */
export const orNull = (fields: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, value ?? null]));

/** What one of two calls that do the same leads to; both, where it was neither or is not known. */
export const byCall = <T>({ call }: Meta, of: Readonly<Record<'info' | 'infoEx', T>>): T[] =>
  call === undefined ? [of.info, of.infoEx] : [of[call]];
