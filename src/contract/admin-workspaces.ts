/** Requests and results of `workspaces.*`. */
import {
  boolean,
  closed,
  integer,
  integerBetween,
  list,
  nullable,
  open,
  optional,
  type Static,
  string,
  stringBetween,
} from './json-schema.ts';
import { cursor, pageLimit } from './shared.ts';

const retentionDaysMax = 3650;

/** In every administrative request; whoever may administer only their own can leave it out. */
export const workspaceReference = stringBetween(3, 255, {
  pattern: '^[a-zA-Z0-9_]+$',
  description: 'The workspace (`ws_…`) that this is about; without it, that of the root key.',
});
const name = stringBetween(1, 256, { description: 'A name for people.' });
const requestsPerMinute = nullable(
  integerBetween(0, 2_147_483_647, {
    description: 'API requests per minute; null: unlimited; 0: every one is refused.',
  }),
);
const logRetentionDays = integerBetween(1, retentionDaysMax, {
  description: 'How far back analytics queries may look.',
});
const auditRetentionDays = integerBetween(1, retentionDaysMax, {
  description: 'How long the audit log is kept.',
});

export const createWorkspaceBody = closed({ name }, 'A workspace to create.');
export type CreateWorkspaceBody = Static<typeof createWorkspaceBody>;

export const createWorkspaceResult = open(
  { workspaceId: string({ description: 'The id of the workspace (`ws_…`).' }) },
  'The created workspace.',
);
export type CreateWorkspaceResult = Static<typeof createWorkspaceResult>;

export const getWorkspaceBody = closed(
  { workspaceId: optional(workspaceReference) },
  'The workspace to read.',
);
export type GetWorkspaceBody = Static<typeof getWorkspaceBody>;

export const workspaceResult = open(
  {
    id: string({ description: 'The id of the workspace (`ws_…`).' }),
    name: string({ description: 'A name for people.' }),
    enabled: boolean({ description: 'Whether its root keys and keys may be used.' }),
    requestsPerMinute: optional(integer({ description: 'Absent: unlimited.' })),
    logRetentionDays,
    auditRetentionDays,
    createdAt: integer({ description: 'Unix milliseconds.' }),
  },
  'A workspace.',
);
export type WorkspaceResult = Static<typeof workspaceResult>;

export const listWorkspacesBody = closed(
  { limit: optional(pageLimit), cursor: optional(cursor) },
  'Which workspaces to list.',
);
export type ListWorkspacesBody = Static<typeof listWorkspacesBody>;

export const listWorkspacesResult = list(workspaceResult, { description: 'One page, by id.' });

export const updateWorkspaceBody = closed(
  {
    workspaceId: optional(workspaceReference),
    name: optional(name),
    enabled: optional(boolean({ description: 'Whether its root keys and keys may be used.' })),
    requestsPerMinute: optional(requestsPerMinute),
    logRetentionDays: optional(logRetentionDays),
    auditRetentionDays: optional(auditRetentionDays),
  },
  'What is given replaces what is stored, what is absent stays.',
);
export type UpdateWorkspaceBody = Static<typeof updateWorkspaceBody>;

export const deleteWorkspaceBody = closed(
  { workspaceId: workspaceReference },
  'The workspace to delete; its root keys and keys stop working.',
);
export type DeleteWorkspaceBody = Static<typeof deleteWorkspaceBody>;

export const rotateDataKeyBody = closed(
  { workspaceId: optional(workspaceReference) },
  'Whose recoverable keys are encrypted under a new data key from now on.',
);
export type RotateDataKeyBody = Static<typeof rotateDataKeyBody>;

export const rotateDataKeyResult = open(
  { dataKeyId: string({ description: 'The id of the data key (`dk_…`).' }) },
  'The new data key; the earlier ones still decrypt what they have encrypted.',
);
export type RotateDataKeyResult = Static<typeof rotateDataKeyResult>;
