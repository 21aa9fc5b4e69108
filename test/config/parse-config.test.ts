import assert from 'node:assert/strict';
import { test } from 'node:test';
import { options, variableOf } from '../../src/config/options.ts';
import { parseConfig } from '../../src/config/parse-config.ts';

function parse(environment: Record<string, string>, flags: Record<string, string> = {}) {
  return parseConfig({ environment, flags });
}

function problemsOf(environment: Record<string, string>, flags: Record<string, string> = {}) {
  const parsed = parse(environment, flags);
  assert.equal(parsed.ok, false);
  return parsed.problems;
}

test('without any setting every default holds', () => {
  const parsed = parse({ PATH: '/bin' });
  assert.ok(parsed.ok);
  assert.equal(parsed.config.host, '127.0.0.1');
  assert.equal(parsed.config.port, 7070);
  assert.equal(parsed.config.adminPort, 7071);
  assert.ok(parsed.config.workers >= 1);
});

test('a flag wins over the environment, the environment over the default', () => {
  const parsed = parse({ LATCHKEY_PORT: '8000', LATCHKEY_HOST: '::1' }, { port: '9000' });
  assert.ok(parsed.ok);
  assert.equal(parsed.config.port, 9000);
  assert.equal(parsed.config.host, '::1');
});

test('every problem is reported at once, by name, with the allowed range', () => {
  const problems = problemsOf(
    { LATCHKEY_PORT: '70000', LATCHKEY_LOG_LEVEL: 'loud', LATCHKEY_PROT: '1' },
    { workers: 'many', 'no-such': 'x' },
  );
  assert.deepEqual(problems.map((problem) => problem.name).sort(), [
    '--no-such',
    '--workers',
    'LATCHKEY_LOG_LEVEL',
    'LATCHKEY_PORT',
    'LATCHKEY_PROT',
  ]);
  const port = problems.find((problem) => problem.name === 'LATCHKEY_PORT');
  assert.equal(port?.problem, "must be a whole number from 1 to 65535, not '70000'");
});

test('a secret that is wrong is not repeated in the problem', () => {
  const [problem] = problemsOf({ LATCHKEY_DATABASE_URL: 'mysql://root:hunter2@localhost' });
  assert.equal(problem?.name, 'LATCHKEY_DATABASE_URL');
  assert.doesNotMatch(problem?.problem ?? '', /hunter2/);
});

test('one port cannot serve both the API and the admin pages', () => {
  assert.equal(problemsOf({ LATCHKEY_PORT: '7071' })[0]?.name, 'LATCHKEY_ADMIN_PORT');
});

test('a root key that could not be sent in a header is refused', () => {
  for (const key of ['short', 'with space in the middle', 'x'.repeat(513)]) {
    assert.equal(problemsOf({ LATCHKEY_ROOT_KEY: key })[0]?.name, 'LATCHKEY_ROOT_KEY');
  }
});

test('a socket that the system could not hold the path of is refused', () => {
  assert.equal(problemsOf({ LATCHKEY_SOCKET: `/${'x'.repeat(101)}` })[0]?.name, 'LATCHKEY_SOCKET');
  const parsed = parse({ LATCHKEY_SOCKET: `/${'x'.repeat(100)}` });
  assert.ok(parsed.ok);
  assert.equal(parsed.config.socket.length, 101);
});

test('APIs that are open to proxies are listed by their ids', () => {
  const parsed = parse({ LATCHKEY_FORWARD_AUTH_APIS: ' api_1,api_2 , ' });
  assert.ok(parsed.ok);
  assert.deepEqual(parsed.config.forwardAuthApis, ['api_1', 'api_2']);
  const [problem] = problemsOf({ LATCHKEY_FORWARD_AUTH_APIS: 'api_1,*' });
  assert.equal(problem?.name, 'LATCHKEY_FORWARD_AUTH_APIS');
});

test('every option name gives a variable of its own', () => {
  assert.equal(new Set(options.map((option) => variableOf(option.name))).size, options.length);
});
