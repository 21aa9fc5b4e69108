/** The HTTP statuses with which an operation may refuse, for whoever writes a client. */

/**
 * Of every operation: 401, 403 and 404 also tell of a root key that is not known, may not be used,
 * or has lost its workspace.
 */
const everywhere = [400, 401, 403, 404, 413, 429, 500];

const taken = [409];
/** No master key is configured, or the API does not keep recoverable keys. */
const notRecoverable = [412];
const isProtected = [412];
/** The namespace has been deleted. */
const gone = [410];

const besides: Readonly<Record<string, readonly number[]>> = {
  'apis.deleteApi': isProtected,
  'apis.listKeys': notRecoverable,
  'keys.createKey': notRecoverable,
  'keys.createKeys': notRecoverable,
  'keys.getKey': notRecoverable,
  'keys.rerollKey': notRecoverable,
  // A limit that the request names is not configured.
  'keys.verifyKey': [412],
  'identities.createIdentity': taken,
  'permissions.createPermission': taken,
  'permissions.createRole': taken,
  'ratelimit.limit': gone,
  'ratelimit.multiLimit': gone,
  'ratelimit.setOverride': gone,
  'ratelimit.getOverride': gone,
  'ratelimit.listOverrides': gone,
  'ratelimit.deleteOverride': gone,
  'migrations.createMigration': notRecoverable,
  'workspaces.rotateDataKey': notRecoverable,
  'workspaces.deleteWorkspace': isProtected,
  'analytics.getVerifications': [412, 422, 503],
  'analytics.getRatelimits': [412, 422, 503],
  'analytics.getUsage': [412, 422, 503],
};

/** `name` as in `keys.createKey`; ascending. */
export function errorStatusesOf(name: string): readonly number[] {
  return [...everywhere, ...(besides[name] ?? [])].sort((a, b) => a - b);
}
