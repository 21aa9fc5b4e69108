/**
 * HAProxy alone: a map of keys, and a stick table that counts the requests of each. The key is not
 * hashed, what belongs to it cannot be answered, and nothing is recorded.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../support/free-port.ts';
import { startChildServer } from './child-server.ts';
import { benchKey, writeTemplate } from './contestant.ts';
import { serverProcessor } from './processor.ts';
import { goodAnswer, type StandIn, type StandInContext, versionOf } from './stand-in.ts';

const name = 'HAProxy map + stick table';

export async function startHaproxyMap(context: StandInContext): Promise<StandIn> {
  const version = versionOf('haproxy', '-v');
  if (!version) return { present: false, name, reason: 'apt-get install haproxy' };
  const folder = join(context.folder, 'haproxy');
  mkdirSync(folder);
  const port = await freePort();
  const numbers = Array.from({ length: context.keyCount }, (_, index) => index + 1);
  const map = numbers.map((number) => `${benchKey(number)} customer_${number}`);
  writeFileSync(join(folder, 'keys.map'), `${map.join('\n')}\n`);
  writeFileSync(join(folder, 'answer.json'), goodAnswer(context.answerBytes));
  const configuration = join(folder, 'haproxy.cfg');
  writeFileSync(configuration, haproxyConfiguration(context, folder, port));
  const server = await startChildServer({
    command: 'haproxy',
    // In the foreground, so that the process that was started is the one that answers.
    args: ['-db', '-f', configuration],
    processor: serverProcessor,
    port,
  });
  return {
    present: true,
    version,
    stop: server.stop,
    contestant: {
      name,
      port,
      pids: () => [server.pid],
      template: writeTemplate(folder, 'haproxy', { line: 'GET /', headers: ['X-Api-Key: {key}'] }),
      expected: '"code":"VALID"',
      keysPerRequest: 1,
      warmUpKeyCount: 20_000,
      mix: 'uniform',
      keyCount: context.keyCount,
    },
  };
}

function haproxyConfiguration(context: StandInContext, folder: string, port: number): string {
  const isKnown = `req.hdr(x-api-key),map_str(${folder}/keys.map)`;
  return `
global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 1s
backend counters
  stick-table type string len 32 size ${context.keyCount * 2} expire 60s store http_req_cnt
frontend keys
  bind 127.0.0.1:${port}
  http-request deny deny_status 401 unless { ${isKnown} -m found }
  http-request track-sc0 req.hdr(x-api-key) table counters
  http-request deny deny_status 429 if { sc_http_req_cnt(0) gt 1000000000 }
  http-request return status 200 content-type application/json file ${folder}/answer.json
`;
}
