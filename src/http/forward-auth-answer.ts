/**
 * What a proxy reads of a verdict: the status, which it passes on or acts upon, and headers for the
 * service behind it or for the caller. Statuses are those that proxies know: 401 for who is not
 * known, 403 for what is not allowed, 429 for what is allowed again after Retry-After. Used-up
 * credits are a 403: no waiting brings them back, and clients repeat a 429 by themselves.
 */
import type { Outcome } from '../domain/outcome.ts';
import type { CheckedLimit, Verdict } from '../verify/verdict.ts';
import { jsonContentType } from './answers.ts';
import type { Reply } from './exchange.ts';
import type { ForwardAuthSettings } from './forward-auth-settings.ts';
import { headerJson, headerText } from './header-text.ts';
import { challenges, type KeySource } from './key-source.ts';
import { headlineLimit, retryAfterSeconds, secondsUntil } from './limit-headers.ts';

type Header = readonly [name: string, value: string];
type Refusal = { status: number; title: string; code: string; detail: string };

/** Larger values are left out and named in X-Latchkey-Omitted: proxies bound their headers. */
const valueLengthMax = 2048;

const unauthorized = { status: 401, title: 'Unauthorized' };
const forbidden = { status: 403, title: 'Forbidden' };
const refusals = {
  NOT_FOUND: { ...unauthorized, code: 'NOT_FOUND', detail: 'The API key is not known.' },
  DISABLED: { ...unauthorized, code: 'DISABLED', detail: 'The API key is disabled.' },
  EXPIRED: { ...unauthorized, code: 'EXPIRED', detail: 'The API key has expired.' },
  FORBIDDEN: { ...forbidden, code: 'FORBIDDEN', detail: 'The API key may not be used from here.' },
  WORKSPACE_DISABLED: {
    ...forbidden,
    code: 'FORBIDDEN',
    detail: 'The API key may not be used at present.',
  },
  INSUFFICIENT_PERMISSIONS: {
    ...forbidden,
    code: 'INSUFFICIENT_PERMISSIONS',
    detail: 'The API key lacks a permission that this needs.',
  },
  USAGE_EXCEEDED: {
    ...forbidden,
    code: 'USAGE_EXCEEDED',
    detail: 'The API key has not enough credits left.',
  },
  RATE_LIMITED: {
    status: 429,
    title: 'Too Many Requests',
    code: 'RATE_LIMITED',
    detail: 'The API key has been used too often; try again later.',
  },
} as const satisfies Record<Exclude<Outcome, 'VALID'>, Refusal>;

const missingKey: Refusal = {
  ...unauthorized,
  code: 'MISSING_KEY',
  detail: 'An API key is needed.',
};
const unjudged: Refusal = {
  ...forbidden,
  code: 'FORBIDDEN',
  detail: 'The API key does not fit what is asked here.',
};
const misconfigured: Refusal = {
  status: 500,
  title: 'Internal Server Error',
  code: 'MISCONFIGURED',
  detail: 'The gateway cannot check API keys.',
};
const unavailable: Refusal = {
  status: 503,
  title: 'Service Unavailable',
  code: 'UNAVAILABLE',
  detail: 'The gateway cannot check API keys right now.',
};

export type AnswerContext = {
  requestId: string;
  nowMs: number;
  source: KeySource;
  check: ForwardAuthSettings['check'];
};

/** What the verdict means to the proxy. */
export function verdictReply(verdict: Verdict, context: AnswerContext): Reply {
  const { requestId, nowMs, source, check } = context;
  if (verdict.outcome === 'NOT_FOUND') {
    return refusalReply(refusals.NOT_FOUND, requestId, [challengeOf([source], true)]);
  }
  const headers = keyHeaders(verdict);
  addLimitHeaders(headers, verdict.checkedLimits, nowMs);
  if (verdict.outcome === 'VALID') {
    addOwnerHeaders(headers, verdict);
    const body = `{"meta":{"requestId":"${requestId}"},"data":{"valid":true,"code":"VALID"}}`;
    return reply(200, body, [...decided('VALID', requestId), ...headers]);
  }
  const refusal = refusals[verdict.outcome];
  if (refusal.status === 401) headers.push(challengeOf([source], true));
  if (refusal.status === 429) {
    const seconds = retryAfterSeconds(verdict.checkedLimits, check.ratelimits ?? [], nowMs);
    headers.push(['Retry-After', String(seconds)]);
  }
  return refusalReply(refusal, requestId, headers);
}

/** None of the sources held a key. */
export function missingKeyReply(requestId: string, sources: readonly KeySource[]): Reply {
  return refusalReply(missingKey, requestId, [challengeOf(sources, false)]);
}

/** The proxy asks for what cannot be judged of this key, such as a limit that it does not have. */
export function unjudgedReply(requestId: string): Reply {
  return refusalReply(unjudged, requestId, []);
}

/** The proxy is not set up to ask here. The caller behind it is not told more; the log is. */
export function misconfiguredReply(requestId: string): Reply {
  return refusalReply(misconfigured, requestId, []);
}

/** No verdict at present: credits cannot be reached, or the workspace has asked too often. */
export function unavailableReply(requestId: string): Reply {
  return refusalReply(unavailable, requestId, [['Retry-After', '1']]);
}

function refusalReply(refusal: Refusal, requestId: string, headers: readonly Header[]): Reply {
  const { status, title, code, detail } = refusal;
  const body =
    `{"meta":{"requestId":"${requestId}"},"error":{"title":"${title}","detail":"${detail}",` +
    `"status":${status},"code":"${code}"}}`;
  return reply(status, body, [...decided(code, requestId), ...headers]);
}

function reply(status: number, body: string, headers: readonly Header[]): Reply {
  return { status, contentType: jsonContentType, body, headers };
}

/** On every answer. */
function decided(code: string, requestId: string): Header[] {
  return [
    ['Cache-Control', 'no-store'],
    ['X-Latchkey-Code', code],
    ['X-Latchkey-Request-Id', requestId],
  ];
}

function challengeOf(sources: readonly KeySource[], isRefused: boolean): Header {
  return ['WWW-Authenticate', challenges(sources, isRefused)];
}

type KnownVerdict = Exclude<Verdict, { outcome: 'NOT_FOUND' }>;

/** What a caller may read too: most proxies hand a refusal on with all its headers. */
function keyHeaders({ key, remainingCredits }: KnownVerdict): Header[] {
  const headers: Header[] = [['X-Latchkey-Key-Id', key.keyId]];
  if (remainingCredits !== undefined) headers.push(['X-Latchkey-Credits', `${remainingCredits}`]);
  return headers;
}

/** For the service behind the proxy: whose key it is. What is unset is left out. */
function addOwnerHeaders(headers: Header[], { key, identity, permissions }: KnownVerdict): void {
  const omitted: string[] = [];
  const addBounded = (name: string, value: string) => {
    if (value.length <= valueLengthMax) headers.push([name, value]);
    else omitted.push(name);
  };
  if (identity) addBounded('X-Latchkey-Owner', headerText(identity.externalId));
  if (key.metaJson !== '') addBounded('X-Latchkey-Meta', headerJson(key.metaJson));
  if (permissions.size > 0) {
    addBounded('X-Latchkey-Permissions', [...permissions].map(headerText).join(','));
  }
  if (omitted.length > 0) headers.push(['X-Latchkey-Omitted', omitted.join(',')]);
}

/** Of several limits, the one that comes next to refusing. */
function addLimitHeaders(
  headers: Header[],
  checkedLimits: readonly CheckedLimit[],
  nowMs: number,
): void {
  const limit = headlineLimit(checkedLimits);
  if (!limit) return;
  headers.push(
    ['RateLimit-Limit', `${limit.limit}`],
    ['RateLimit-Remaining', `${limit.remaining}`],
    ['RateLimit-Reset', `${secondsUntil(limit.resetAtMs, nowMs)}`],
    ['X-Latchkey-RateLimit-Name', headerText(limit.name)],
    ['X-Latchkey-RateLimit-Limit', `${limit.limit}`],
    ['X-Latchkey-RateLimit-Remaining', `${limit.remaining}`],
    ['X-Latchkey-RateLimit-Reset', `${limit.resetAtMs}`],
  );
}
