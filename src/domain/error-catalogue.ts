/**
 * Every error that a caller can read, one descriptor each. The code is the path that follows
 * `https://unkey.com/docs/errors/` in the answer's `type`: clients branch on it and on the status,
 * never on the words of `detail`. A code is never renamed and never changes its status.
 */
export type ErrorDescriptor = {
  /** The HTTP status, repeated in the answer's body. */
  status: number;
  title: string;
  /** Whether the answer always has an `errors` array, be it empty, or never has one. */
  carriesErrors: boolean;
};

const badRequest = { status: 400, title: 'Bad Request', carriesErrors: true };
const unauthorized = { status: 401, title: 'Unauthorized', carriesErrors: false };
const forbidden = { status: 403, title: 'Forbidden', carriesErrors: false };
const notFound = { status: 404, title: 'Not Found', carriesErrors: false };
const conflict = { status: 409, title: 'Conflicting Resource', carriesErrors: false };
const precondition = { status: 412, title: 'Precondition Failed', carriesErrors: false };
const unprocessable = { status: 422, title: 'Unprocessable Entity', carriesErrors: false };
const tooMany = { status: 429, title: 'Too Many Requests', carriesErrors: false };
const internal = { status: 500, title: 'Internal Server Error', carriesErrors: false };

export const errorCatalogue = {
  'unkey/application/invalid_input': badRequest,
  'unkey/application/precondition_failed': precondition,
  'unkey/application/protected_resource': { ...precondition, title: 'Resource is protected' },
  // The contract gives these three 500: the official SDK repeats a call that got a 5xx.
  'unkey/application/service_unavailable': internal,
  'unkey/application/assertion_failed': internal,
  'unkey/application/unexpected_error': internal,

  'unkey/authentication/missing': badRequest,
  'unkey/authentication/malformed': badRequest,
  'unkey/authentication/key_not_found': unauthorized,

  'unkey/authorization/insufficient_permissions': {
    ...forbidden,
    title: 'Insufficient Permissions',
  },
  'unkey/authorization/forbidden': forbidden,
  'unkey/authorization/key_disabled': { ...forbidden, title: 'Key is disabled' },
  'unkey/authorization/workspace_disabled': { ...forbidden, title: 'Workspace is disabled' },

  'unkey/data/workspace_not_found': notFound,
  'unkey/data/api_not_found': notFound,
  'unkey/data/key_not_found': notFound,
  'unkey/data/key_space_not_found': notFound,
  'unkey/data/key_auth_not_found': notFound,
  'unkey/data/identity_not_found': notFound,
  'unkey/data/permission_not_found': notFound,
  'unkey/data/role_not_found': notFound,
  'unkey/data/ratelimit_namespace_not_found': notFound,
  'unkey/data/ratelimit_override_not_found': notFound,
  'unkey/data/migration_not_found': notFound,
  'unkey/data/audit_log_not_found': notFound,
  'unkey/data/identity_already_exists': conflict,
  'unkey/data/permission_already_exists': conflict,
  'unkey/data/role_already_exists': conflict,
  'unkey/data/ratelimit_namespace_gone': {
    status: 410,
    title: 'Resource Gone',
    carriesErrors: false,
  },
  'unkey/data/analytics_not_configured': precondition,
  'unkey/data/analytics_connection_failed': {
    status: 503,
    title: 'Service Unavailable',
    carriesErrors: false,
  },

  'user/bad_request/permissions_query_syntax_error': badRequest,
  'user/bad_request/request_body_unreadable': badRequest,
  'user/bad_request/missing_required_header': badRequest,
  'user/bad_request/request_timeout': {
    status: 408,
    title: 'Request Timeout',
    carriesErrors: true,
  },
  'user/bad_request/request_body_too_large': {
    status: 413,
    title: 'Request Entity Too Large',
    carriesErrors: true,
  },
  'user/bad_request/client_closed_request': {
    status: 499,
    title: 'Client Closed Request',
    carriesErrors: true,
  },
  'user/bad_request/invalid_analytics_query': badRequest,
  'user/bad_request/invalid_analytics_table': badRequest,
  'user/bad_request/invalid_analytics_function': badRequest,
  'user/bad_request/invalid_analytics_query_type': badRequest,
  'user/bad_request/query_range_exceeds_retention': badRequest,
  'user/unprocessable_entity/query_execution_timeout': unprocessable,
  'user/unprocessable_entity/query_memory_limit_exceeded': unprocessable,
  'user/unprocessable_entity/query_rows_limit_exceeded': unprocessable,
  'user/too_many_requests/query_quota_exceeded': tooMany,
  'user/too_many_requests/workspace_rate_limited': tooMany,
} as const satisfies Record<string, ErrorDescriptor>;

export type ErrorCode = keyof typeof errorCatalogue;

/** One thing that is wrong with the request itself. */
export type Violation = {
  /** JSON pointer into the schema, or `requestBody`, or `security`. */
  location: string;
  message: string;
  /** What the caller can do about it, where that is known. */
  fix?: string;
};

/** Why a request is refused: a value that is handed back, never thrown. */
export type RequestFault = {
  code: ErrorCode;
  /** A sentence for the caller; carries no secret and no internal name. */
  detail: string;
  /** Given by request validation only, which thereby also fixes the answer's content type. */
  errors?: readonly Violation[];
};

export function fault(
  code: ErrorCode,
  detail: string,
  errors?: readonly Violation[],
): RequestFault {
  return errors === undefined ? { code, detail } : { code, detail, errors };
}
