/**
 * nginx with Lua: a shared dictionary of keys and one of counters, as the key plugins of the API
 * gateways that are built on it have them. The key is not hashed and nothing is recorded.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../support/free-port.ts';
import { childrenOf } from '../support/processes-over.ts';
import { waitFor } from '../support/wait-for.ts';
import { startChildServer } from './child-server.ts';
import { writeTemplate } from './contestant.ts';
import { pin, serverProcessor } from './processor.ts';
import { goodAnswer, type StandIn, type StandInContext, versionOf } from './stand-in.ts';

const name = 'nginx + Lua shared dictionary';
const modules = '/usr/lib/nginx/modules';
const moduleFiles = ['ndk_http_module.so', 'ngx_http_lua_module.so'].map((file) =>
  join(modules, file),
);

/** Ten million keys take it a minute. */
const readWithinMs = 300_000;

export async function startNginxLua(context: StandInContext): Promise<StandIn> {
  const hasProgram = versionOf('nginx', '-v') !== undefined;
  if (!hasProgram || !moduleFiles.every(existsSync)) {
    return { present: false, name, reason: 'apt-get install nginx libnginx-mod-http-lua' };
  }
  const folder = join(context.folder, 'nginx');
  mkdirSync(folder);
  const port = await freePort();
  const configuration = join(folder, 'nginx.conf');
  writeFileSync(configuration, nginxConfiguration(context, folder, port));
  const server = await startChildServer({
    command: 'nginx',
    args: ['-p', folder, '-c', configuration, '-e', join(folder, 'error.log')],
    processor: serverProcessor,
    port,
  });
  const workers = await workersOf(server.pid);
  pin(workers, serverProcessor);
  return {
    present: true,
    version: 'nginx with libnginx-mod-http-lua',
    stop: server.stop,
    contestant: {
      name,
      port,
      pids: () => workers,
      template: writeTemplate(folder, 'nginx', { line: 'GET /', headers: ['X-Api-Key: {key}'] }),
      expected: '"code":"VALID"',
      keysPerRequest: 1,
      warmUpKeyCount: 20_000,
      mix: 'uniform',
      keyCount: context.keyCount,
    },
  };
}

/** It listens before it has read the keys, and makes its worker when it has. */
async function workersOf(pid: number): Promise<number[]> {
  let workers: number[] = [];
  const hasWorkers = () => {
    workers = childrenOf(pid);
    return workers.length > 0;
  };
  await waitFor('nginx has a worker', hasWorkers, readWithinMs);
  return workers;
}

function nginxConfiguration(context: StandInContext, folder: string, port: number): string {
  const { keyCount, answerBytes } = context;
  const dictionaryMebibytes = Math.ceil((keyCount * 512) / 2 ** 20) + 16;
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${folder}/${kind};`)
    .join(' ');
  const isRoot = process.getuid?.() === 0;
  return `
${moduleFiles.map((file) => `load_module ${file};`).join('\n')}
${isRoot ? 'user root;' : ''}
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
events { worker_connections 4096; }
http {
  ${temporary}
  access_log off;
  keepalive_requests 1000000000;
  lua_shared_dict keys ${dictionaryMebibytes}m;
  lua_shared_dict counters ${dictionaryMebibytes}m;
  init_by_lua_block {
    local keys = ngx.shared.keys
    for number = 1, ${keyCount} do
      keys:safe_set(string.format("bench_%022d", number), "customer_" .. number .. ",1000000000")
    end
    answer = '${goodAnswer(answerBytes)}'
  }
  server {
    listen 127.0.0.1:${port};
    default_type application/json;
    location / {
      content_by_lua_block {
        local key = ngx.var.http_x_api_key
        local found = key and ngx.shared.keys:get(key)
        if not found then return ngx.exit(401) end
        local limit = tonumber(found:match(",(%d+)$"))
        if ngx.shared.counters:incr(key, 1, 0, 60) > limit then return ngx.exit(429) end
        ngx.header["Content-Length"] = #answer
        ngx.print(answer)
      }
    }
  }
}
`;
}
