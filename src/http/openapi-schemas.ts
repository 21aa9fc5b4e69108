/** The schemas that have a name in the OpenAPI document: what several operations speak of. */
import { apiSettingsResult } from '../contract/admin-apis.ts';
import { auditEventResult } from '../contract/admin-audit-logs.ts';
import { rootKeyResult } from '../contract/admin-root-keys.ts';
import { workspaceResult } from '../contract/admin-workspaces.ts';
import {
  errorSchema,
  invalidRequestSchema,
  metaSchema,
  paginationSchema,
  violationSchema,
} from '../contract/envelopes.ts';
import { identityResult } from '../contract/identities.ts';
import type { Schema } from '../contract/json-schema.ts';
import { createKeyResult, keyResult } from '../contract/keys.ts';
import { permissionResult, roleResult } from '../contract/permissions.ts';
import { limitBody, overrideResult } from '../contract/ratelimit.ts';
import { keyCredits, ratelimit, ratelimitRequest, refill } from '../contract/shared.ts';
import { verifyKeyBody, verifyKeyResult } from '../contract/verify-key.ts';

const named: Readonly<Record<string, Schema>> = {
  Meta: metaSchema,
  Pagination: paginationSchema,
  Error: errorSchema,
  Violation: violationSchema,
  InvalidRequest: invalidRequestSchema,
  Api: apiSettingsResult,
  Key: keyResult,
  NewKey: createKeyResult,
  Credits: keyCredits,
  Refill: refill,
  Verification: verifyKeyBody,
  Verdict: verifyKeyResult,
  Identity: identityResult,
  Permission: permissionResult,
  Role: roleResult,
  Ratelimit: ratelimit,
  RatelimitSettings: ratelimitRequest,
  RatelimitDecision: limitBody,
  RatelimitOverride: overrideResult,
  Workspace: workspaceResult,
  RootKey: rootKeyResult,
  AuditEvent: auditEventResult,
};

const nameOf = new Map(Object.entries(named).map(([name, schema]) => [schema, name]));

/** The schema, in which each one that has a name is a reference to it. */
export function withReferences(schema: Schema): object {
  const name = nameOf.get(schema);
  return name === undefined ? expanded(schema) : { $ref: `#/components/schemas/${name}` };
}

/** `components.schemas` of the document. */
export function namedSchemas(): Record<string, object> {
  return Object.fromEntries(
    Object.entries(named).map(([name, schema]) => [name, expanded(schema)]),
  );
}

/** The schema itself written out, and references only within. */
function expanded({ items, anyOf, properties, ...rest }: Schema): object {
  const fields = Object.entries(properties ?? {});
  return {
    ...rest,
    ...(items && { items: withReferences(items) }),
    ...(anyOf && { anyOf: anyOf.map(withReferences) }),
    ...(properties && {
      properties: Object.fromEntries(fields.map(([name, field]) => [name, withReferences(field)])),
    }),
  };
}
