import { isErased, type Personal } from '../../core/kernel/fact.ts';

/** Of what has been erased, or was not said, nothing is told. */
export const opened = <T extends object>(personal: Personal<T> | undefined): Partial<T> =>
  personal === undefined || isErased(personal) ? {} : personal;

/** What is not there is `null` to OpenIM's receivers. */
export const orNull = (fields: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, value ?? null]));
