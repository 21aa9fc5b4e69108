/** Request and result of `auditLogs.listEvents`. */
import { auditActions } from '../domain/audit-actions.ts';
import { workspaceReference } from './admin-workspaces.ts';
import {
  anyObject,
  closed,
  integer,
  list,
  oneOf,
  open,
  optional,
  type Static,
  string,
  stringBetween,
} from './json-schema.ts';
import { cursor, expires, pageLimit } from './shared.ts';

const filterText = (description: string) => optional(stringBetween(1, 255, { description }));
const instant = (description: string) => optional({ ...expires, description });

export const listEventsBody = closed(
  {
    workspaceId: optional(workspaceReference),
    limit: optional(pageLimit),
    cursor: optional(cursor),
    action: optional(oneOf(auditActions, 'Only this kind of change.')),
    actor: filterText('Only changes that this root key has made (`key_…`).'),
    resourceId: filterText('Only changes of this key, API, role or other thing, by its id.'),
    requestId: filterText('Only changes of this call (`req_…`).'),
    from: instant('Only changes at or after this instant, in Unix milliseconds.'),
    to: instant('Only changes before this instant, in Unix milliseconds.'),
  },
  'Which changes to list.',
);
export type ListEventsBody = Static<typeof listEventsBody>;

const resource = open(
  {
    type: string({ description: 'api, key, identity, role and so on.' }),
    id: string({ description: 'Its id.' }),
    name: optional(string({ description: 'What people call it.' })),
  },
  'Something that the change was about.',
);

export const auditEventResult = open(
  {
    id: string({ description: 'The id of the event (`log_…`).' }),
    time: integer({ description: 'Unix milliseconds.' }),
    action: string({ description: 'What was done.' }),
    actor: string({ description: 'The id of the root key, or what made a change without one.' }),
    requestId: string({ description: 'The same for all changes of one call.' }),
    address: string({ description: 'Where the call came from; empty if nobody called.' }),
    userAgent: string({ description: 'What the caller called itself.' }),
    summary: string({ description: 'The change in words.' }),
    resources: list(resource, { description: 'What the change was about.' }),
    before: optional(anyObject({ description: 'The fields that changed, as they were.' })),
    after: optional(anyObject({ description: 'The same fields, as they are now.' })),
  },
  'A change.',
);
export type AuditEventResult = Static<typeof auditEventResult>;

export const listEventsResult = list(auditEventResult, {
  description: 'One page, the latest change first.',
});
