import { test } from 'node:test';
import { analyticsBody } from '../../src/contract/analytics.ts';
import { assertRows, assertSdkCalls } from '../support/schema-checks.ts';

const query = 'SELECT 1';

test('what the official SDK sends passes', () =>
  assertSdkCalls([
    [
      'analytics.getVerifications',
      analyticsBody,
      (unkey) => unkey.analytics.getVerifications({ query }),
    ],
    ['analytics.getRatelimits', analyticsBody, (unkey) => unkey.analytics.getRatelimits({ query })],
  ]));

test('an empty query passes here, and unknown fields are ignored', () =>
  assertRows([
    [analyticsBody, { query: '', limit: 5 }],
    [analyticsBody, {}, '/required'],
    [analyticsBody, { query: ['SELECT 1'] }, '/properties/query/type'],
  ]));
