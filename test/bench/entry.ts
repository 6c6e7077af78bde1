import { fileURLToPath } from 'node:url';

/** What `npm run build` made, unless another build is named. */
export const ENTRY =
  process.env['SEQLINE_TEST_ENTRY'] ??
  fileURLToPath(new URL('../../dist/infra/app/main.js', import.meta.url));
