/**
 * Two workspaces in a database of their own, and callers with whatever rights a test gives them.
 * Every body that is sent has to follow its schema, and every result too.
 */
import assert from 'node:assert/strict';
import { migrate } from '../../src/control/migrate.ts';
import type { NamedOperation } from '../../src/control/named-operation.ts';
import type { Caller, ControlContext } from '../../src/control/operation.ts';
import { operations } from '../../src/control/operations.ts';
import { runOperation } from '../../src/control/run-operation.ts';
import { openVault, type Vault } from '../../src/control/vault.ts';
import type { AuditEvent } from '../../src/domain/audit-actions.ts';
import { type ErrorCode, errorCatalogue } from '../../src/domain/error-catalogue.ts';
import { compileGrants, fullAdminPermission } from '../../src/domain/grants.ts';
import { operatorPermission } from '../../src/domain/operator-rights.ts';
import { createBodyValidator } from '../../src/http/body-validator.ts';
import { type Database, openDatabase } from '../../src/lib/database.ts';
import type { Logger } from '../../src/lib/logger.ts';
import { testDatabase } from '../support/stores.ts';

// biome-ignore lint/suspicious/noExplicitAny: what a test reads of an answer, it asserts.
export type Result = any;
export type Answer =
  | { status: 200; result: Result }
  | { status: number; code: ErrorCode; detail: string };

export type ControlWorld = {
  database: Database;
  context: ControlContext & { nowMs: number };
  call(name: string, body: object, caller?: Caller): Promise<Answer>;
  /** The result; a refusal fails the test. */
  ok(name: string, body: object, caller?: Caller): Promise<Result>;
  /** The code of the refusal, without its first part; a success fails the test. */
  refused(name: string, body: object, caller?: Caller): Promise<string>;
  /** The audit log of one call, of the last one by default. */
  eventsOf(requestId?: string): Promise<(AuditEvent & { actor: string })[]>;
  close(): Promise<void>;
};

export const masterKey = Buffer.alloc(32, 7).toString('base64');

export function vaultOf(setting: string): Vault {
  const opened = openVault(setting);
  assert.ok(opened.ok);
  return opened.vault;
}

export async function openControlWorld(): Promise<ControlWorld> {
  const server = await testDatabase();
  const database = openDatabase(server.url, { connectionsMax: 12, applicationName: 'test' });
  await migrate(database);
  await database`
    insert into latchkey.workspaces (id, name, created_at_ms)
    values ('ws_1', 'one', 1), ('ws_2', 'two', 1)`;
  const context = {
    database,
    nowMs: Date.UTC(2026, 0, 1),
    clock: () => context.nowMs,
    vault: vaultOf(masterKey),
  };
  let lastRequest = 0;

  async function call(name: string, body: object, caller = admin): Promise<Answer> {
    const operation = operationOf(name);
    assert.deepEqual(validatorOf(operation.body)('', body)?.errors ?? [], [], name);
    lastRequest += 1;
    const outcome = await runOperation(
      operation,
      { context, caller: { ...caller, requestId: `req_${lastRequest}` }, logger: failingLogger },
      body,
    );
    if (!outcome.ok) {
      const { code, detail } = outcome.fault;
      return { status: errorCatalogue[code].status, code, detail };
    }
    const { result } = outcome;
    const shown = operation.envelope === 'page' && 'rows' in result ? result.rows : result;
    const wire = JSON.parse(JSON.stringify(shown));
    assert.deepEqual(validatorOf(operation.result)('', wire)?.errors ?? [], [], name);
    return { status: 200, result };
  }

  return {
    database,
    context,
    call,
    async ok(name, body, caller) {
      const answer = await call(name, body, caller);
      if ('code' in answer) assert.fail(`${name}: ${answer.code}: ${answer.detail}`);
      return answer.result;
    },
    async refused(name, body, caller) {
      const answer = await call(name, body, caller);
      if (!('code' in answer)) assert.fail(`${name} was not refused`);
      return `${answer.status} ${answer.code.slice(answer.code.lastIndexOf('/') + 1)}`;
    },
    async eventsOf(requestId = `req_${lastRequest}`) {
      const rows = await database<Record<string, string>[]>`
        select actor, action, summary, resources, before, after from latchkey.audit_events
        where request_id = ${requestId} order by position`;
      return rows.map((row) =>
        Object.fromEntries(
          Object.entries(row)
            .filter(([, value]) => value !== null)
            .map(([name, value]) => [name, isJson(name) ? JSON.parse(value) : value]),
        ),
      ) as never;
    },
    async close() {
      await database.end();
      await server.close();
    },
  };
}

const isJson = (name: string) => ['resources', 'before', 'after'].includes(name);

function operationOf(name: string): NamedOperation {
  const operation = operations.find((one) => one.name === name);
  assert.ok(operation, `there is no operation ${name}`);
  return operation;
}

const validators = new Map<unknown, ReturnType<typeof createBodyValidator>>();

function validatorOf(schema: NamedOperation['body']) {
  const validator = validators.get(schema) ?? createBodyValidator(schema);
  validators.set(schema, validator);
  return validator;
}

/** What an operation logs is a defect: it answers everything else with a refusal. */
const failingLogger: Logger = {
  error(fields: object) {
    throw (fields as { err: unknown }).err;
  },
} as never;

/** Somebody with these permissions in the workspace. */
export function callerOf(workspaceId: string, ...permissions: string[]): Caller {
  return {
    rootKeyId: 'key_root',
    workspaceId,
    grants: compileGrants(workspaceId, permissions),
    requestId: '',
    address: '192.0.2.1',
    userAgent: 'test',
  };
}

export const callerWith = (...permissions: string[]) => callerOf('ws_1', ...permissions);
/** Everything in the workspace, and nothing outside of it. */
export const admin = callerWith(fullAdminPermission('ws_1'));
export const stranger = callerOf('ws_2', fullAdminPermission('ws_2'));
export const operator = callerWith(fullAdminPermission('ws_1'), operatorPermission);
