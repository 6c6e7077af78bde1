/**
 * Who may import whom (the table stands in ARCHITECTURE.md). A rule's comment is what its offender reads.
 *
 * `$1` in a `to` is what the first group of `from` matched: "its own folder".
 */
const packages = ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown'];

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one file, or a third is missing.',
      severity: 'error',
      from: {},
      // A circle of types alone is taken away by the compiler and has no order of loading.
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-orphans',
      comment: 'Nothing imports it and it imports nothing: use it or remove it.',
      severity: 'error',
      from: { orphan: true, pathNot: ['\\.d\\.ts$', '(^|/)[^/]+\\.spec\\.ts$', '^test/bench/'] },
      to: {},
    },
    {
      name: 'resolvable',
      comment:
        'It imports something that is not there, or a package that package.json does not name.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'only-named-packages',
      comment: 'A package that is imported stands in package.json, not only in another package.',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'product-without-dev-packages',
      comment: 'The product runs where only dependencies are installed.',
      severity: 'error',
      from: { path: '^(core|projections|gateways|infra)/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'only-tests-import-tests',
      comment: 'What the product needs does not live in test/.',
      severity: 'error',
      from: { pathNot: '^test/' },
      to: { path: '^test/' },
    },

    {
      name: 'core-is-alone',
      comment: 'The core imports the core: no package, no node module, no other folder.',
      severity: 'error',
      from: { path: '^core/' },
      to: { pathNot: '^core/' },
    },
    {
      // What may be run of another capability: the names of its events and streams, and its ids.
      // Its types may be known; its decisions are made in its own folder.
      name: 'core-by-capability',
      comment:
        'Of another capability a file of the core imports types, and values from events.ts and ids.ts only.',
      severity: 'error',
      from: { path: '^core/([^/]+)/', pathNot: '^core/kernel/' },
      to: {
        path: '^core/',
        pathNot: ['^core/$1/', '^core/(kernel|sequence)/', '^core/[^/]+/(events|ids)\\.ts$'],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'core-kernel-knows-no-capability',
      comment: 'Only the catalogue knows the events of all capabilities, by type.',
      severity: 'error',
      from: { path: '^core/kernel/', pathNot: '^core/kernel/catalogue\\.ts$' },
      to: { path: '^core/', pathNot: '^core/kernel/' },
    },
    {
      name: 'core-catalogue-reads-events',
      comment: 'The catalogue knows events by their types, and nothing else of a capability.',
      severity: 'error',
      from: { path: '^core/kernel/catalogue\\.ts$' },
      to: { path: '^core/', pathNot: ['^core/kernel/', '^core/[^/]+/events\\.ts$'] },
    },

    {
      name: 'projections-import',
      comment: 'A read model imports the core, kysely, its own folder and projections/kernel.',
      severity: 'error',
      from: { path: '^projections/([^/]+)/' },
      to: {
        pathNot: ['^core/', '^projections/$1/', '^projections/kernel/', '^node_modules/kysely/'],
      },
    },

    {
      name: 'gateways-know-no-infra',
      comment: 'A gateway is handed what it needs (gateways/ports.ts); infra/app makes it.',
      severity: 'error',
      from: { path: '^gateways/' },
      to: { path: '^infra/' },
    },
    {
      name: 'gateways-know-no-other-gateway',
      comment: 'A gateway imports itself, gateways/openim and what lies directly in gateways/.',
      severity: 'error',
      from: { path: '^gateways/([^/]+)/' },
      to: {
        path: '^gateways/',
        pathNot: ['^gateways/$1/', '^gateways/openim/', '^gateways/[^/]+\\.ts$'],
      },
    },
    {
      name: 'gateways-read-by-queries',
      comment: 'Of a read model a gateway knows its queries and nothing behind them.',
      severity: 'error',
      from: { path: '^gateways/' },
      to: { path: '^projections/', pathNot: '^projections/[^/]+/queries\\.ts$' },
    },
    {
      name: 'the-wire-is-translation',
      comment: 'gateways/openim turns bytes into values and back: it has no package and no socket.',
      severity: 'error',
      from: { path: '^gateways/openim/' },
      to: { dependencyTypes: packages },
    },

    {
      name: 'infra-adapters-stand-alone',
      comment:
        'An adapter imports the ports of the core (core/kernel, ports.ts), its own folder, its library, ' +
        'infra/observe, infra/config and the helpers that lie directly in infra/.',
      severity: 'error',
      from: { path: '^infra/([^/]+)/', pathNot: '^infra/(app|cli)/' },
      to: {
        path: '^(core|projections|gateways|infra)/',
        pathNot: [
          '^core/kernel/',
          '^core/[^/]+/ports\\.ts$',
          '^infra/$1/',
          '^infra/(observe|config)/',
          '^infra/[^/]+\\.ts$',
        ],
      },
    },
    {
      name: 'infra-helpers-are-leaves',
      comment: 'What lies directly in infra/ serves every adapter and knows none of them.',
      severity: 'error',
      from: { path: '^infra/[^/]+\\.ts$' },
      to: {
        path: '^(core|projections|gateways|infra)/',
        pathNot: ['^core/kernel/', '^infra/[^/]+\\.ts$'],
      },
    },
    {
      name: 'the-recount-is-independent',
      comment:
        'What counts the log again shares no code with what makes tables of it: types only, and its own folder.',
      severity: 'error',
      from: { path: '^infra/cli/verify/recount/' },
      to: { pathNot: '^infra/cli/verify/recount/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'app-parts-know-no-root',
      comment:
        'What lies directly in infra/app makes the parts and knows them; none of them knows it, or how ' +
        'they are put together.',
      severity: 'error',
      from: { path: '^infra/app/[^/]+/' },
      to: { path: '^infra/app/[^/]+\\.ts$' },
    },
    {
      name: 'app-parts-in-one-direction',
      comment: 'Two folders of infra/app that need each other are one, or a third is missing.',
      severity: 'error',
      scope: 'folder',
      from: { path: '^infra/app/[^/]+$' },
      to: { path: '^infra/app/[^/]+$', circular: true },
    },
    {
      name: 'event-store-adapters-are-apart',
      comment:
        'Embedded, esdb and the gRPC server share what lies in infra/eventstore, and the bytes of ' +
        'EventStoreDB’s protocol, not each other.',
      severity: 'error',
      from: { path: '^infra/eventstore/([^/]+)/' },
      to: { path: '^infra/eventstore/[^/]+/', pathNot: '^infra/eventstore/($1|protocol)/' },
    },

    {
      name: 'one-door-to-uwebsockets',
      comment: 'Only gateways/ws/server.ts knows uWebSockets.js, so that it can be swapped.',
      severity: 'error',
      from: { path: '^(core|projections|gateways|infra)/', pathNot: '^gateways/ws/server\\.ts$' },
      to: { path: 'node_modules/uWebSockets\\.js/' },
    },
    {
      name: 'one-door-to-eventstoredb',
      comment: 'Only infra/eventstore/esdb knows the EventStoreDB client.',
      severity: 'error',
      from: { path: '^(core|projections|gateways|infra)/', pathNot: '^infra/eventstore/esdb/' },
      to: { path: 'node_modules/@eventstore/db-client/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Pages: what they import is an address of the server, and there is nothing in it to keep apart.
    exclude: { path: ['^test/support/sdkPage/', '^infra/app/demo/'] },
    tsConfig: { fileName: 'tsconfig.json' },
    // Without it an import of types alone would not be seen at all.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
    skipAnalysisNotInRules: true,
  },
};
