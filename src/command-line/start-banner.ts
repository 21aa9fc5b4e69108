import type { Config } from '../config/options.ts';

/** Where a server is, and what opens it. */
export type StartReport = {
  api: string;
  admin: string;
  /** Made at this start and shown only now; not there when it was chosen or made before. */
  rootKey?: string;
};

export function startReport(config: Config, firstRootKey: string | undefined): StartReport {
  const report = {
    api: `http://${urlHost(config.host)}:${config.port}`,
    admin: `http://${urlHost(config.adminHost)}:${config.adminPort}`,
  };
  const isShown = firstRootKey !== undefined && config.rootKey === '';
  return isShown ? { ...report, rootKey: firstRootKey } : report;
}

/** What a newcomer needs: the addresses, the root key, and a line to paste. */
export function startBanner(config: Config, firstRootKey: string | undefined): string {
  const { api, admin, rootKey } = startReport(config, firstRootKey);
  const lines = ['', `  API         ${api}`, `  Admin       ${admin}/readyz`];
  if (firstRootKey === undefined) {
    lines.push('', '  Try it:', '', `  curl ${api}/v2/liveness`);
  } else {
    lines.push(`  Root key    ${rootKey ?? 'the one in LATCHKEY_ROOT_KEY'}`);
    if (rootKey) lines.push('              (shown only now: keep it)');
    lines.push('', '  Try it:', '', curlLine(api, rootKey ?? '$LATCHKEY_ROOT_KEY'));
  }
  return `${lines.join('\n')}\n`;
}

function curlLine(api: string, rootKey: string): string {
  return [
    `  curl ${api}/v2/apis.createApi \\`,
    `    -H "Authorization: Bearer ${rootKey}" \\`,
    `    -H "Content-Type: application/json" -d '{"name":"my first API"}'`,
  ].join('\n');
}

/** An address that listens everywhere is reached here, for one, under the loopback name. */
function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
