import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { quarantineRows } from '../../src/events/quarantine.ts';
import { freePort } from '../support/free-port.ts';
import { runLatchkey } from '../support/run-latchkey.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-commands-'));
const settings = {
  LATCHKEY_DATA_DIR: folder,
  LATCHKEY_PORT: String(await freePort()),
  LATCHKEY_ADMIN_PORT: String(await freePort()),
};
after(() => rmSync(folder, { recursive: true }));

test('version says what runs, for people and for machines', async () => {
  const forPeople = await runLatchkey(['version']);
  assert.match(forPeople.output, /^latchkey \d+\.\d+\.\d+ \(Node \d+\.\d+\.\d+, \w+-\w+\)\n$/);
  const { output } = await runLatchkey(['version', '--json']);
  const { latchkey, node, platform } = JSON.parse(output);
  assert.equal(forPeople.output, `latchkey ${latchkey} (Node ${node}, ${platform})\n`);
  assert.equal((await runLatchkey(['--version'])).output, forPeople.output);
});

for (const name of ['start', 'root-key', 'doctor', 'version']) {
  test(`${name} --help says how it is called`, async () => {
    const { code, output, complaint } = await runLatchkey([name, '--help']);
    assert.equal(code, 0);
    assert.ok(output.startsWith(`Usage: latchkey ${name}`), output);
    assert.equal(complaint, '');
    assert.equal((await runLatchkey(['help', name])).output, output);
  });
}

test('without a command, all commands are listed', async () => {
  const { code, output } = await runLatchkey([]);
  assert.equal(code, 0);
  for (const name of ['start', 'root-key', 'doctor', 'version']) {
    assert.match(output, new RegExp(`^  ${name}`, 'm'));
  }
});

for (const { args, problem } of [
  { args: ['strat'], problem: /there is no command 'strat'/ },
  { args: ['start', 'now'], problem: /'now' is one word too many/ },
  { args: ['start', '--prot', '1'], problem: /Unknown option '--prot'/ },
  { args: ['root-key'], problem: /say what to do/ },
  { args: ['root-key', 'revoke'], problem: /say which/ },
  { args: ['root-key', 'list', 'all'], problem: /list takes no 'all'/ },
  { args: ['root-key', 'create', '--expires-in-days', 'x'], problem: /must be a whole number/ },
]) {
  test(`'${args.join(' ')}' is a wrong call: one sentence and exit code 2`, async () => {
    const ended = await runLatchkey(args, settings);
    assert.equal(ended.code, 2);
    assert.equal(ended.output, '');
    assert.match(ended.complaint, /^latchkey: [^\n]+\n$/);
    assert.match(ended.complaint, problem);
    const asJson = await runLatchkey([...args, '--json'], settings);
    assert.equal(asJson.code, 2);
    assert.match(JSON.parse(asJson.output).error, problem);
  });
}

type Report = { isWell: boolean; checks: { name: string; state: string; remedy: string }[] };

test('doctor finds nothing wrong where nothing is', async () => {
  const { code, output } = await runLatchkey(['doctor'], settings);
  assert.equal(code, 0, output);
  assert.match(output, /^ok +Node +\d/m);
  const { output: json } = await runLatchkey(['doctor', '--json'], settings);
  const { isWell, checks } = JSON.parse(json) as Report;
  assert.equal(isWell, true);
  assert.ok(checks.every(({ state, remedy }) => state === 'good' && remedy === ''));
});

test('doctor names what is in quarantine, with its rows, the reason and what to do', async () => {
  const place = { piece: { kind: 1, target: '' }, table: 'key_verifications_raw_v1' };
  const row = { number: 0, fields: ['req_1'], reason: 'INCORRECT_DATA 117: bad' };
  for (const [name, count] of [
    ['spool', 1],
    ['ingest', 6],
  ] as const) {
    const quarantine = join(folder, name, 'quarantine');
    for (let batch = 0; batch < count; batch += 1) {
      quarantineRows(quarantine, { batchId: `b${batch}`, ...place }, [row, row]);
    }
  }
  const { code, output } = await runLatchkey(['doctor'], settings);
  assert.equal(code, 0, 'verification goes on');
  assert.match(output, /^warn +Quarantine +2 rows in 1 files of \S+\/spool\/quarantine:\n/m);
  assert.match(output, /^ +b0-verification-0\.jsonl: 2 rows, INCORRECT_DATA 117: bad\n/m);
  assert.match(output, /^warn +Ingest +12 rows in 6 files/m);
  assert.match(
    output,
    /and 1 more files\n +Each line of a \.jsonl file has a row and the reason: /,
  );
  for (const name of ['spool', 'ingest']) rmSync(join(folder, name), { recursive: true });
});

test('doctor says which store cannot be reached, and what to do', async () => {
  const away = {
    ...settings,
    LATCHKEY_DATABASE_URL: `postgres://user:secret@127.0.0.1:${settings.LATCHKEY_PORT}/x`,
    LATCHKEY_CLICKHOUSE_URL: `http://user:secret@127.0.0.1:${settings.LATCHKEY_PORT}/x`,
  };
  const { code, output } = await runLatchkey(['doctor'], away);
  assert.equal(code, 1);
  assert.match(output, /^bad +PostgreSQL +.*ECONNREFUSED.*\n +Check LATCHKEY_DATABASE_URL/m);
  assert.match(output, /^bad +ClickHouse +.*ECONNREFUSED.*\n +Check LATCHKEY_CLICKHOUSE_URL/m);
  assert.ok(!output.includes('secret'), 'no password is printed');
  const asJson = await runLatchkey(['doctor', '--json'], away);
  assert.equal(asJson.code, 1);
  const { isWell, checks } = JSON.parse(asJson.output) as Report;
  assert.equal(isWell, false);
  const bad = checks.filter(({ state }) => state === 'bad');
  assert.deepEqual(
    bad.map(({ name }) => name),
    ['PostgreSQL', 'ClickHouse'],
  );
});
