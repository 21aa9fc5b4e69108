import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import {
  classifyDatabaseError,
  constraintOf,
  type DatabaseFailure,
  openDatabase,
} from '../../src/lib/database.ts';

const classOf = (code: unknown) => classifyDatabaseError({ code });

test('each code has its class', () => {
  const rows: Record<DatabaseFailure, string[]> = {
    unreachable: [
      ...['ECONNREFUSED', 'ECONNRESET', 'CONNECT_TIMEOUT', 'CONNECTION_CLOSED', 'ENOTFOUND'],
      ...['08006', '57P01', '57P03', '53300', '25006'],
    ],
    conflict: ['40001', '40P01', '55P03'],
    unprepared: ['42P01', '3F000', '42703', '42883'],
    refused: ['28P01', '28000', '42501', '3D000'],
    duplicate: ['23505'],
    unstorable: ['22021', '22P05'],
    other: ['23503', '42601', '22P02', 'XX000', '57014', ''],
  };
  for (const [failure, codes] of Object.entries(rows)) {
    for (const code of codes) assert.equal(classOf(code), failure, code);
  }
});

test('an error without a code of its own is what its cause, or the first of several, is', () => {
  const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
  assert.equal(classifyDatabaseError(new AggregateError([refused])), 'unreachable');
  assert.equal(classifyDatabaseError(new Error('migration', { cause: refused })), 'unreachable');
});

test('whatever was thrown has a class', () => {
  const circle = new Error('circle');
  circle.cause = circle;
  for (const thrown of [
    undefined,
    null,
    'text',
    5,
    new Error('x'),
    new AggregateError([]),
    circle,
  ]) {
    assert.equal(classifyDatabaseError(thrown), 'other');
  }
  assert.equal(classOf(23505), 'other');
});

test('the violated constraint has its name, and no other error has one', () => {
  assert.equal(constraintOf({ constraint_name: 'keys_hash' }), 'keys_hash');
  for (const error of [null, undefined, {}, 'text']) assert.equal(constraintOf(error), '');
});

test('a server that is not there is unreachable', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  const options = { connectionsMax: 1, applicationName: 'test' };
  const database = openDatabase(`postgres://nobody@127.0.0.1:${port}/none`, options);
  await assert.rejects(database`select 1`, (error) => {
    assert.equal(classifyDatabaseError(error), 'unreachable');
    return true;
  });
  await database.end();
});
