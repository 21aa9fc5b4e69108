/** One call of the HTTP API. Every failure becomes one sentence that says what to do next. */
import { printable } from './result-text.ts';
import type { Server } from './server-profile.ts';

export type Answer = {
  meta: { requestId: string };
  /** Absent in the answer of the one operation that has nothing to tell. */
  data?: unknown;
  pagination?: { hasMore: boolean; cursor?: string };
};

/** The answer, and whether the node that gave it is late with what was changed. */
export type Called = { answer: Answer; isPending: boolean };

/** The call was not done: exit code 1. */
export class CallFault extends Error {
  override readonly name = 'CallFault';
}

const timeoutMs = 60_000;

export async function callServer(server: Server, name: string, body: unknown): Promise<Called> {
  const response = await send(server, name, body);
  const answer = await readAnswer(response);
  if (!answer) throw new CallFault(strangerText(server, response));
  if (!('error' in answer)) {
    return { answer, isPending: response.headers.has('x-latchkey-replication') };
  }
  throw new CallFault(refusalText(server, answer));
}

async function send(server: Server, name: string, body: unknown): Promise<Response> {
  try {
    return await fetch(`${server.url}/v2/${name}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${server.rootKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      // A root key is for the server that was named, and for no other.
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
  } catch (error) {
    throw new CallFault(connectionText(server, error as Error));
  }
}

/** Undefined for what no Latchkey API answers. */
async function readAnswer(response: Response): Promise<Answer | Refusal | undefined> {
  try {
    const answer = (await response.json()) as Partial<Answer & Refusal> | null;
    if (typeof answer?.meta?.requestId !== 'string') return undefined;
    if (response.ok) return answer as Answer;
    return typeof answer.error?.detail === 'string' ? (answer as Refusal) : undefined;
  } catch {
    return undefined;
  }
}

function connectionText({ url }: Server, error: Error): string {
  const { code, message = '' } = (error.cause ?? {}) as { code?: string; message?: string };
  if (error.name === 'TimeoutError') {
    return `${url} did not answer within ${timeoutMs / 1000} s: see its log and latchkey doctor`;
  }
  if (code === 'ECONNREFUSED') {
    return `no server answers at ${url}: start one (latchkey start), or name another with --url`;
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return `the host of ${url} cannot be found: is the URL right?`;
  }
  return `${url} cannot be reached (${code ?? (message || error.message)}): is the URL right?`;
}

function strangerText({ url }: Server, { status, headers }: Response): string {
  const type = headers.get('content-type') ?? 'no content type';
  return `${url} answered ${status} with ${type}: that is no Latchkey API; is the URL right?`;
}

type Violation = { location: string; message: string; fix?: string };
type Refusal = {
  meta: { requestId: string };
  error: { title: string; detail: string; status: number; errors?: Violation[] };
};

function refusalText(server: Server, { meta, error }: Refusal): string {
  const violations = (error.errors ?? []).map(
    ({ location, message, fix }) =>
      `\n  ${printable(`${location}: ${message}${fix ? ` (${fix})` : ''}`)}`,
  );
  const remedy = remedyOf(server, error.status);
  return (
    `${printable(`${error.status} ${error.title}: ${error.detail}`)}${violations.join('')}` +
    `${remedy && `\n  ${remedy}`}\n  Request ${printable(meta.requestId)}`
  );
}

function remedyOf({ url, rootKeySource }: Server, status: number): string {
  switch (status) {
    case 401:
      return (
        `${url} does not know the root key from ${rootKeySource}: is it of this server? ` +
        'On its machine, latchkey root-key create makes one.'
      );
    case 403:
      return (
        `The root key from ${rootKeySource} may not do this: use one that may. ` +
        'On the machine of the server, latchkey root-key create makes one.'
      );
    case 422:
      return 'That is too much at once: ask for a shorter time, or for longer buckets.';
    case 429:
      return 'The workspace has used up its requests: wait, or raise its limit.';
    case 500:
    case 503:
      return "The server's log has more under the id of the request.";
    default:
      return '';
  }
}
