import tseslint from 'typescript-eslint';

/** A file has one subject; past this it has two. Tests may tell one story longer. */
const FILE_LINES_MAX = 300;
const TEST_FILE_LINES_MAX = 500;
/** A function fits a screen. `describe` blocks are functions too, so tests are bound by file size only. */
const FUNCTION_LINES_MAX = 70;
const ROOT_FUNCTION_LINES_MAX = 130;
const COMPLEXITY_MAX = 12;
const DEPTH_MAX = 3;

const code = ['core', 'projections', 'gateways', 'infra', 'test'].map(
  (folder) => `${folder}/**/*.ts`,
);
const sized = (max) => ['error', { max, skipBlankLines: true, skipComments: true }];

/** Said to whoever trips over it, so it says what to do instead. */
const noDefaultExport = {
  selector: 'ExportDefaultDeclaration',
  message: 'Export it by name: a name is searched for and renamed everywhere alike.',
};
const pureCore = [
  {
    selector: 'MemberExpression[object.name="Date"][property.name="now"]',
    message: 'The core has no clock: the time comes in with the command.',
  },
  {
    selector: 'NewExpression[callee.name="Date"][arguments.length=0]',
    message: 'The core has no clock: the time comes in with the command.',
  },
  {
    selector: 'MemberExpression[object.name="Math"][property.name="random"]',
    message: 'The core has no dice: ids come in with the command or derive from it.',
  },
];
const pureDecider = [
  {
    selector: 'AwaitExpression, :function[async=true]',
    message: 'A decision is synchronous: what it must know of others is handed to it as data.',
  },
];

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'data/', 'coverage/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: [...code, 'vitest.config.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      // A default that calls `unreachable` is checked by the compiler (it takes `never`); one that does
      // something says that the rest of the union is meant. A switch without either must name all.
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true, requireDefaultForNonUnion: true },
      ],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',

      // Numbers and bigints print as they look; objects, undefined and any stay forbidden.
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // `() => socket.close()` as a callback, and `return socket.close()` to leave a function that
      // returns nothing, read better than a block around one call.
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      // A port's method may be async in one adapter and have nothing to wait for in another.
      '@typescript-eslint/require-await': 'off',
      // `type` with Readonly<…> and unions is the house's form; ports are interfaces. Both are meant.
      '@typescript-eslint/consistent-type-definitions': 'off',
      // `_event` in a table of handlers documents what is there and not needed; so does `_` for what is
      // taken out of an object.
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_$' },
      ],
      // A type parameter that only the caller names is how the log's reads are typed (EventLog).
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',

      'no-restricted-syntax': ['error', noDefaultExport],
      'max-lines': sized(FILE_LINES_MAX),
      'max-lines-per-function': sized(FUNCTION_LINES_MAX),
      complexity: ['error', COMPLEXITY_MAX],
      'max-depth': ['error', DEPTH_MAX],
      eqeqeq: 'error',
      'no-console': 'error',
      // What a closure has to reach before it can be made is declared before it.
      'prefer-const': ['error', { ignoreReadBeforeAssign: true }],
    },
  },
  {
    // The last matching entry wins whole, so each repeats the bans of the one it narrows.
    files: ['core/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', noDefaultExport, ...pureCore] },
  },
  {
    files: ['core/**/decider.ts'],
    rules: { 'no-restricted-syntax': ['error', noDefaultExport, ...pureCore, ...pureDecider] },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      'max-lines': sized(TEST_FILE_LINES_MAX),
      'max-lines-per-function': 'off',
      // A test knows what it has put there, and fails right here if it has not.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // What a test puts on the wire is written as the number that travels, not as a library's enum.
      '@typescript-eslint/no-unsafe-enum-assignment': 'off',
    },
  },
  {
    // What makes parts makes one after the other: cut into pieces, it would not show what is handed to what.
    files: ['infra/app/**/*.ts'],
    rules: { 'max-lines-per-function': sized(ROOT_FUNCTION_LINES_MAX) },
  },
  {
    // What a person reads on a terminal is written there.
    files: ['infra/cli/**/*.ts', 'infra/app/main.ts', 'test/bench/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    // Tools that load these files take the default export and no other.
    files: ['*.config.ts', 'test/support/countReporter.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
);
