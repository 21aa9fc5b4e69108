import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ErrorCode, errorCatalogue, fault } from '../../src/domain/error-catalogue.ts';
import {
  answer,
  answerOfJson,
  errorAnswer,
  metaAnswer,
  pageAnswer,
} from '../../src/http/answers.ts';

const id = 'req_abc123XYZ';
const meta = { requestId: id };
const request = { id, path: '/v2/keys.getKey', accept: 'application/json' };
const contentTypeFor = (accept: string, code: ErrorCode = 'unkey/data/key_not_found') =>
  errorAnswer(fault(code, 'x'), { ...request, accept }).contentType;

test('a result comes in the envelope, whether it is a value or JSON already', () => {
  const result = { name: 'a "quoted" \u2028 name', list: [] };
  assert.deepEqual(JSON.parse(answer(id, result)), { meta, data: result });
  assert.equal(answerOfJson(id, JSON.stringify(result)), answer(id, result));
  assert.deepEqual(JSON.parse(answer(id, {})), { meta, data: {} });
  assert.deepEqual(JSON.parse(metaAnswer(id)), { meta });
});

test('the last page has no cursor, any other page has one', () => {
  assert.deepEqual(JSON.parse(pageAnswer(id, [{ a: 1 }], undefined)), {
    meta,
    data: [{ a: 1 }],
    pagination: { hasMore: false },
  });
  assert.deepEqual(JSON.parse(pageAnswer(id, [], 'key_"1')), {
    meta,
    data: [],
    pagination: { hasMore: true, cursor: 'key_"1' },
  });
});

test('each code becomes its status, title and type, with errors exactly where they belong', () => {
  for (const code of Object.keys(errorCatalogue) as ErrorCode[]) {
    const { status, title, carriesErrors } = errorCatalogue[code];
    const made = errorAnswer(fault(code, 'with "quotes"'), request);
    assert.equal(made.status, status);
    assert.deepEqual(JSON.parse(made.body), {
      meta,
      error: {
        title,
        detail: 'with "quotes"',
        status,
        type: `https://unkey.com/docs/errors/${code}`,
        ...(carriesErrors && { errors: [] }),
      },
    });
  }
});

test('violations are told as they are, and a fix that is not known is absent', () => {
  const errors = [
    { location: '/required', message: "missing property 'key'" },
    { location: 'requestBody', message: 'empty', fix: 'send one' },
  ];
  const made = errorAnswer(fault('unkey/application/invalid_input', 'no', errors), request);
  assert.deepEqual(JSON.parse(made.body).error.errors, errors);
});

test('an error is problem+json for whoever accepts that, whatever the quality value', () => {
  for (const accept of [
    'application/problem+json',
    'text/html, application/*;q=0',
    '*/*',
    'application/json,*/*;q=0.1',
    ' Application/Problem+JSON ; charset=utf-8',
  ]) {
    assert.equal(contentTypeFor(accept), 'application/problem+json', accept);
  }
  for (const accept of ['', 'application/json', 'text/*', 'application/problem', ';,;', '*']) {
    assert.equal(contentTypeFor(accept), 'application/json', accept);
  }
});

test('violations of the schema are plain JSON, whatever is accepted', () => {
  const refused = fault('unkey/application/invalid_input', 'no', [
    { location: '/required', message: "missing property 'key'" },
  ]);
  assert.equal(errorAnswer(refused, { ...request, accept: '*/*' }).contentType, 'application/json');
  assert.equal(
    contentTypeFor('*/*', 'unkey/application/invalid_input'),
    'application/problem+json',
    'an input refused by its meaning follows Accept',
  );
});

test('what the official SDK types only as problem+json is sent so', () => {
  const problem = 'application/problem+json';
  const plain = 'application/json';
  assert.equal(contentTypeFor(plain, 'user/too_many_requests/workspace_rate_limited'), problem);
  assert.equal(contentTypeFor(plain, 'user/too_many_requests/query_quota_exceeded'), problem);
  const deletion = { ...request, path: '/v2/identities.deleteIdentity' };
  for (const refused of [
    fault('unkey/data/identity_not_found', 'x'),
    fault('unkey/application/invalid_input', 'x', [{ location: '/type', message: 'x' }]),
  ]) {
    assert.equal(errorAnswer(refused, deletion).contentType, problem);
  }
});
