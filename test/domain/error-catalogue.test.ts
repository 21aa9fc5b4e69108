import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ErrorCode, errorCatalogue, fault } from '../../src/domain/error-catalogue.ts';

/** The title that goes with a status, except for the codes listed below. */
const titles: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  408: 'Request Timeout',
  409: 'Conflicting Resource',
  410: 'Resource Gone',
  412: 'Precondition Failed',
  413: 'Request Entity Too Large',
  422: 'Unprocessable Entity',
  429: 'Too Many Requests',
  499: 'Client Closed Request',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};
const ownTitles: Partial<Record<ErrorCode, string>> = {
  'unkey/authorization/insufficient_permissions': 'Insufficient Permissions',
  'unkey/authorization/key_disabled': 'Key is disabled',
  'unkey/authorization/workspace_disabled': 'Workspace is disabled',
  'unkey/application/protected_resource': 'Resource is protected',
};
const codes = Object.keys(errorCatalogue) as ErrorCode[];

test('a title follows from the status, but for the codes that have their own', () => {
  for (const code of codes) {
    const { status, title } = errorCatalogue[code];
    assert.equal(title, ownTitles[code] ?? titles[status], code);
  }
});

test('only 400, 408, 413 and 499 carry a list of errors', () => {
  for (const code of codes) {
    const { status, carriesErrors } = errorCatalogue[code];
    assert.equal(carriesErrors, [400, 408, 413, 499].includes(status), code);
  }
});

test('a code says who is at fault: the user category never answers with a 5xx', () => {
  for (const code of codes) {
    assert.match(code, /^(?:unkey|user)\/[a-z_]+\/[a-z_]+$/);
    if (code.startsWith('user/')) assert.ok(errorCatalogue[code].status < 500, code);
    if (code.endsWith('_not_found') && code.startsWith('unkey/data/')) {
      assert.equal(errorCatalogue[code].status, 404, code);
    }
  }
});

test('a fault without violations has no such field', () => {
  assert.deepEqual(Object.keys(fault('unkey/data/key_not_found', 'no such key')), [
    'code',
    'detail',
  ]);
  const errors = [{ location: '/required', message: "missing property 'key'" }];
  assert.deepEqual(fault('unkey/application/invalid_input', 'no', errors).errors, errors);
});
