/** Daily work from the command line, against a whole server. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { freePort } from '../support/free-port.ts';
import { type Ended, runLatchkey } from '../support/run-latchkey.ts';
import { startServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let apiId: string;

before(async () => {
  server = await startServer({ workers: 1 });
  ({ apiId } = (await json('apis', 'create', 'payments')).data);
});
after(() => server.close());

function run(...args: string[]): Promise<Ended> {
  const settings = { LATCHKEY_URL: server.url, LATCHKEY_ROOT_KEY: server.rootKey };
  return runLatchkey(args, settings);
}

/** Fails unless the command was done. */
async function text(...args: string[]): Promise<string> {
  const { code, output, complaint } = await run(...args);
  assert.equal(code, 0, `${args.join(' ')}: ${complaint}`);
  return output;
}

// biome-ignore lint/suspicious/noExplicitAny: the document of the API says what an answer holds.
async function json(...args: string[]): Promise<any> {
  return JSON.parse(await text(...args, '--json'));
}

test('keys: create, list, get, update, verify, reroll, delete', async () => {
  const created = await run('keys', 'create', apiId, '--name', 'first', '--external-id', 'user_1');
  const [, keyId = '', key = ''] = /^keyId +(\S+)\nkey +(\S+)\n$/.exec(created.output) ?? [];
  assert.match(created.complaint, /shown only now/);

  const listed = (await text('keys', 'list', apiId)).split('\n');
  assert.match(listed[0] ?? '', /^KEY ID +START +NAME +ENABLED/);
  assert.match(listed[1] ?? '', new RegExp(`^${keyId} +\\S+ +first +true`));
  assert.ok(!listed.join().includes(key), 'a key that was not just created is not shown');

  await text('keys', 'update', keyId, '--clear', 'name', '--meta', '{"plan":"pro"}');
  const { data: shown } = await json('keys', 'get', keyId);
  assert.deepEqual([shown.name, shown.meta], [undefined, { plan: 'pro' }]);
  assert.equal((await json('keys', 'whoami', key)).data.keyId, keyId);

  assert.match(await text('keys', 'verify', key), /^valid +true\ncode +VALID\n/);
  const { data: next } = await json('keys', 'reroll', keyId, '0');
  assert.equal((await text('keys', 'delete', next.keyId)).trim(), 'Done.');
  const refused = await run('keys', 'verify', next.key);
  assert.deepEqual([refused.code, /code +NOT_FOUND/.test(refused.output)], [1, true]);
  await text('keys', 'delete', keyId, '--permanent');
});

test('keys: disabled by a flag, enabled by another, and their credits', async () => {
  const { data } = await json('keys', 'create', apiId, '--no-enabled', '--expires', '30d');
  const disabled = await run('keys', 'verify', data.key, '--json');
  assert.deepEqual([disabled.code, JSON.parse(disabled.output).data.code], [1, 'DISABLED']);
  await text('keys', 'update', data.keyId, '--enabled');
  await text('keys', 'credits', data.keyId, 'set', '5');
  assert.match(await text('keys', 'verify', data.key), /credits +4\n/);
});

test('permissions and roles: from creation to a key that may, to the end', async () => {
  await text('permissions', 'create', 'docs.read', 'Read documents');
  const { data: role } = await json('roles', 'create', 'reader', '--permissions', 'docs.read,a.b');
  const { data } = await json('keys', 'create', apiId, '--roles', 'reader');
  assert.match(await text('keys', 'verify', data.key, '--permissions', 'docs.read'), /VALID/);
  assert.match(await text('roles', 'set-permissions', role.roleId, 'a.b'), /^ID +SLUG +NAME\n/);
  assert.equal((await run('keys', 'verify', data.key, '--permissions', 'docs.read')).code, 1);
  assert.match(await text('keys', 'add-permissions', data.keyId, 'docs.read'), /docs\.read/);
  assert.match(await text('roles', 'get', 'reader'), /permissions +a\.b\n/);
  assert.match(await text('roles', 'list'), /reader/);
  assert.match(await text('permissions', 'list', '--search', 'docs'), /Read documents/);
  assert.match(await text('permissions', 'get', 'docs.read'), /slug +docs\.read/);
  await text('roles', 'delete', 'reader');
  await text('permissions', 'delete', 'docs.read');
});

test('identities and limits: create, list, get, update, check, delete', async () => {
  await text('identities', 'create', 'org_1', '--meta', '{"plan":"pro"}');
  assert.match(await text('identities', 'list'), /org_1/);
  await text('identities', 'update', 'org_1', '--body', '{"meta":{"plan":"free"}}');
  assert.deepEqual((await json('identities', 'get', 'org_1')).data.meta, { plan: 'free' });
  await text('identities', 'delete', 'org_1');

  const [place, limit] = [
    ['mail', 'user_1'],
    // A window that does not end meanwhile.
    ['1', '30d'],
  ] as const;
  assert.match(await text('limits', 'check', ...place, ...limit), /success +true/);
  assert.equal((await run('limits', 'check', ...place, ...limit)).code, 1);
  await text('limits', 'set', ...place, '100', '1m');
  assert.match(await text('limits', 'check', ...place, ...limit), /limit +100\n/);
  assert.match(await text('limits', 'list', 'mail'), /user_1 +100 +60000/);
  assert.match(await text('limits', 'get', ...place), /identifier +user_1/);
  await text('limits', 'delete', ...place);
});

test('APIs and administration', async () => {
  await text('apis', 'update', apiId, '--delete-protection', '--default-prefix', 'pay');
  assert.match(await text('apis', 'list'), /payments +pay +true/);
  assert.match(await text('apis', 'get', apiId), /name +payments/);
  const refused = await run('apis', 'delete', apiId);
  assert.deepEqual([refused.code, refused.output], [1, '']);
  assert.match(refused.complaint, /^latchkey: 412 Resource is protected: /);
  const { data } = await json('root-keys', 'create', 'api.*.create_api', '--name', 'weak');
  assert.match(await text('root-keys', 'list'), /weak/);
  const weak = await run('permissions', 'list', '--root-key', data.key);
  assert.match(weak.complaint, /^latchkey: 403 .*from --root-key may not do this/s);
  assert.ok(!weak.complaint.includes(data.key));
  const audit = await text('audit', 'list', '--from', '1h', '--resource-id', data.rootKeyId);
  assert.match(audit, /^TIME +ACTION +ACTOR/);
});

test('a list comes page by page, or as a whole', async () => {
  const { data } = await json('apis', 'create', 'many');
  const keys = JSON.stringify(Array.from({ length: 25 }, () => ({})));
  const made = await json('keys', 'create-many', data.apiId, '--keys', keys);
  const expected = made.data.keys.map(({ keyId }: { keyId: string }) => keyId).sort();
  const list = ['keys', 'list', data.apiId, '--limit', '10'];
  const first = await run(...list);
  assert.equal(first.output.trim().split('\n').length, 11);
  const [, cursor = ''] =
    /^There is more: --cursor '([^']+)', or --all\.$/m.exec(first.complaint) ?? [];
  assert.equal((await json(...list, '--cursor', cursor)).data[0].keyId, expected[10]);
  const rows = (await text(...list, '--all', '--json')).trim().split('\n');
  assert.deepEqual(
    rows.map((row) => JSON.parse(row).keyId),
    expected,
  );
  assert.equal((await text(...list, '--all')).trim().split('\n').length, 26);
});

test('what is refused says where and what to do', async () => {
  const invalid = await run('apis', 'create', 'x');
  assert.equal(invalid.code, 1);
  assert.match(
    invalid.complaint,
    /^latchkey: 400 Bad Request: .*\n {2}\S*name\S*: .*\n {2}Request req_\w+\n$/,
  );
  const unknown = await run('apis', 'list', '--root-key', 'unkey_wrong');
  assert.equal(unknown.code, 1);
  assert.match(
    unknown.complaint,
    /401 .*does not know the root key from --root-key: .*root-key create/s,
  );
  assert.doesNotMatch(unknown.complaint, /unkey_wrong/);
  const asJson = await run('keys', 'get', 'key_missing', '--json');
  assert.match(JSON.parse(asJson.output).error, /^404 Not Found: /);
});

test('without a server there is one clear sentence', async () => {
  const url = `http://127.0.0.1:${await freePort()}`;
  const { code, output, complaint } = await run('keys', 'get', 'key_1', '--url', url);
  assert.deepEqual([code, output], [1, '']);
  const remedy = 'start one (latchkey start), or name another with --url';
  assert.equal(complaint, `latchkey: no server answers at ${url}: ${remedy}\n`);
});

test('what is no Latchkey API is told as that', async () => {
  const { code, complaint } = await run('apis', 'list', '--url', server.adminUrl);
  assert.equal(code, 1);
  assert.match(complaint, /answered 404 with text\/plain: that is no Latchkey API/);
});

for (const [args, problem] of [
  [['keys'], /say what to do: latchkey keys create, /],
  [['keys', 'burn'], /say what to do/],
  [['keys', 'get'], /<key-id> is missing; usage: latchkey keys get <key-id>/],
  [['keys', 'get', 'a', 'b'], /'b' is one word too many/],
  [['keys', 'get', 'a', '--name', 'b'], /keys get has no --name/],
  [['keys', 'get', 'a', '--decrypt'], /Unknown option '--decrypt'/],
] as const) {
  test(`'${args.join(' ')}' is a wrong call: one sentence and exit code 2`, async () => {
    const { code, output, complaint } = await run(...args);
    assert.deepEqual([code, output], [2, '']);
    assert.match(complaint, /^latchkey: [^\n]+\n$/);
    assert.match(complaint, problem);
  });
}

test('help lists the actions of a command, and the flags of an action', async () => {
  const help = await text('keys', '--help');
  assert.match(help, /^Usage: latchkey keys <action>/);
  assert.match(help, /^ {2}keys reroll <key-id> <expiration> /m);
  const ofAction = await text('keys', 'create', '--help');
  assert.match(ofAction, /^Usage: latchkey keys create <api-id>\n/);
  assert.match(ofAction, /^ {2}--external-id +Your own id/m);
  assert.equal(await text('help', 'keys', 'create'), ofAction);
});
