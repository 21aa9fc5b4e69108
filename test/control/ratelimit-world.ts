/** Two workspaces in a database of their own, and callers with whatever rights a test needs. */

import { emptyResult } from '../../src/contract/shared.ts';
import { migrate } from '../../src/control/migrate.ts';
import type { Caller, ControlContext, Operation } from '../../src/control/operation.ts';
import { runOperation } from '../../src/control/run-operation.ts';
import { compileGrants, fullAdminPermission } from '../../src/domain/grants.ts';
import { type Database, openDatabase } from '../../src/lib/database.ts';
import { silentLogger } from '../../src/lib/logger.ts';
import { testDatabase } from '../support/stores.ts';

export type RatelimitWorld = {
  database: Database;
  context: ControlContext;
  /** The result, or the code of the refusal. */
  call<Body, Result extends object>(
    run: Operation<Body, Result>,
    body: Body,
    caller?: Caller,
  ): Promise<Result | string>;
  addNamespace(id: string, name: string, more?: NamespaceColumns): Promise<void>;
  close(): Promise<void>;
};

type NamespaceColumns = { workspace_id?: string; deleted_at_ms?: number };

export async function openRatelimitWorld(): Promise<RatelimitWorld> {
  const server = await testDatabase();
  const database = openDatabase(server.url, { connectionsMax: 10, applicationName: 'test' });
  await migrate(database);
  await database`
    insert into latchkey.workspaces (id, name, created_at_ms)
    values ('ws_1', 'one', 1), ('ws_2', 'two', 1)`;
  const context = { database, clock: () => 1000 };
  return {
    database,
    context,
    async call(run, body, caller = callerWith(fullAdminPermission('ws_1'))) {
      const operation = { name: 'test', body: emptyResult, isChange: true, run };
      const outcome = await runOperation(
        operation,
        { context, caller, logger: silentLogger },
        body,
      );
      return outcome.ok ? (outcome.result as never) : outcome.fault.code;
    },
    async addNamespace(id, name, more = {}) {
      const row = { id, workspace_id: 'ws_1', name, created_at_ms: 1, ...more };
      await database`insert into latchkey.ratelimit_namespaces ${database(row)}`;
    },
    async close() {
      await database.end();
      await server.close();
    },
  };
}

export function callerWith(...permissions: string[]): Caller {
  const grants = compileGrants('ws_1', permissions);
  const origin = { requestId: 'req_1', address: '192.0.2.1', userAgent: 'test' };
  return { rootKeyId: 'key_root', workspaceId: 'ws_1', grants, ...origin };
}
