/** The management operations that upstream has no equivalent of: bulk calls and administration. */
import * as api from '../contract/admin-apis.ts';
import { listEventsBody, listEventsResult } from '../contract/admin-audit-logs.ts';
import * as migration from '../contract/admin-migrations.ts';
import * as rootKey from '../contract/admin-root-keys.ts';
import * as workspace from '../contract/admin-workspaces.ts';
import * as bulk from '../contract/bulk-keys.ts';
import { emptyResult } from '../contract/shared.ts';
import { getApiSettings, listApis, updateApi } from './api-settings.ts';
import { listEvents } from './audit-log.ts';
import { createKeys } from './create-key.ts';
import { deleteKeys } from './delete-keys.ts';
import { createMigration, listMigrations } from './key-migrations.ts';
import { change, list, type NamedOperation, read } from './named-operation.ts';
import * as rootKeys from './root-key-operations.ts';
import * as workspaces from './workspaces.ts';

export const adminOperations: readonly NamedOperation[] = [
  change('keys.createKeys', createKeys, [bulk.createKeysBody, bulk.createKeysResult]),
  change('keys.deleteKeys', deleteKeys, [bulk.deleteKeysBody, bulk.deleteKeysResult]),

  list('apis.listApis', listApis, [api.listApisBody, api.listApisResult]),
  read('apis.getApiSettings', getApiSettings, [api.getApiSettingsBody, api.apiSettingsResult]),
  change('apis.updateApi', updateApi, [api.updateApiBody, api.apiSettingsResult]),

  change('workspaces.createWorkspace', workspaces.createWorkspace, [
    workspace.createWorkspaceBody,
    workspace.createWorkspaceResult,
  ]),
  read('workspaces.getWorkspace', workspaces.getWorkspace, [
    workspace.getWorkspaceBody,
    workspace.workspaceResult,
  ]),
  list('workspaces.listWorkspaces', workspaces.listWorkspaces, [
    workspace.listWorkspacesBody,
    workspace.listWorkspacesResult,
  ]),
  change('workspaces.updateWorkspace', workspaces.updateWorkspace, [
    workspace.updateWorkspaceBody,
    workspace.workspaceResult,
  ]),
  change('workspaces.deleteWorkspace', workspaces.deleteWorkspace, [
    workspace.deleteWorkspaceBody,
    emptyResult,
  ]),
  change('workspaces.rotateDataKey', workspaces.rotateDataKey, [
    workspace.rotateDataKeyBody,
    workspace.rotateDataKeyResult,
  ]),

  change('rootKeys.createRootKey', rootKeys.createRootKey, [
    rootKey.createRootKeyBody,
    rootKey.createRootKeyResult,
  ]),
  list('rootKeys.listRootKeys', rootKeys.listRootKeys, [
    rootKey.listRootKeysBody,
    rootKey.listRootKeysResult,
  ]),
  change('rootKeys.updateRootKey', rootKeys.updateRootKey, [
    rootKey.updateRootKeyBody,
    rootKey.rootKeyResult,
  ]),
  change('rootKeys.rotateRootKey', rootKeys.rotateRootKey, [
    rootKey.rotateRootKeyBody,
    rootKey.createRootKeyResult,
  ]),
  change('rootKeys.revokeRootKey', rootKeys.revokeRootKey, [
    rootKey.revokeRootKeyBody,
    emptyResult,
  ]),

  change('migrations.createMigration', createMigration, [
    migration.createMigrationBody,
    migration.createMigrationResult,
  ]),
  list('migrations.listMigrations', listMigrations, [
    migration.listMigrationsBody,
    migration.listMigrationsResult,
  ]),

  list('auditLogs.listEvents', listEvents, [listEventsBody, listEventsResult]),
];
