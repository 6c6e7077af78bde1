import {
  IdentifierNode,
  OperationNodeTransformer,
  type Kysely,
  type KyselyPlugin,
  type QueryId,
  type RawNode,
  type RootOperationNode,
  type SchemableIdentifierNode,
} from 'kysely';
import type { AnyTables } from './model.ts';

/** Where the read models stand that the server reads. */
export const SCHEMA = 'seqline';

const NAME = new RegExp(String.raw`\b${SCHEMA}\b`, 'g');

/**
 * The same database, with another schema in place of the read models' own: whatever a model says of its
 * tables is then of tables beside those that are in use. It changes names in statements, never values, which
 * are parameters.
 */
export const elsewhere = (db: Kysely<AnyTables>, schema: string): Kysely<AnyTables> => {
  if (!/^seqline_[a-z0-9_]{1,48}$/.test(schema))
    throw new Error(`"${schema}" is not a name for a schema of read models`);
  return db.withPlugin(new Elsewhere(schema));
};

class Elsewhere implements KyselyPlugin {
  readonly #renaming: Renaming;

  constructor(schema: string) {
    this.#renaming = new Renaming(schema);
  }

  transformQuery({ node, queryId }: { node: RootOperationNode; queryId: QueryId }) {
    return this.#renaming.transformNode(node, queryId);
  }

  transformResult<Result>({ result }: { result: Result }): Promise<Result> {
    return Promise.resolve(result);
  }
}

class Renaming extends OperationNodeTransformer {
  readonly #schema: string;

  constructor(schema: string) {
    super();
    this.#schema = schema;
  }

  protected override transformRaw(node: RawNode, queryId?: QueryId): RawNode {
    const raw = super.transformRaw(node, queryId);
    return {
      ...raw,
      sqlFragments: raw.sqlFragments.map((text) => text.replace(NAME, this.#schema)),
    };
  }

  protected override transformSchemableIdentifier(
    node: SchemableIdentifierNode,
    queryId?: QueryId,
  ): SchemableIdentifierNode {
    const named = super.transformSchemableIdentifier(node, queryId);
    return named.schema?.name === SCHEMA
      ? { ...named, schema: IdentifierNode.create(this.#schema) }
      : named;
  }
}
