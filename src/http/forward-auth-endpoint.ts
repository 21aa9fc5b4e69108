/**
 * The third door: a reverse proxy asks about each request that it is about to pass on. The answer
 * is a status and headers, given without a pause unless credits must be leased first.
 *
 * There are two forms. At `/forward-auth` the query string holds the settings, which the operator
 * writes into the proxy's configuration, and headers tell of the original request. Behind
 * `/forward-auth/original` follows the original URI, for a proxy that cannot say it otherwise; the
 * query string is then the caller's own, so the settings stand in the header X-Latchkey-Settings,
 * taken only together with a root key. As a proxy may pass on headers of its caller, neither form
 * reads settings where its operator would not have to have put them.
 *
 * A body is not read.
 */
import { type Exchange, openExchange, type Reply, sendReply, type Traffic } from './exchange.ts';
import {
  type AnswerContext,
  misconfiguredReply,
  missingKeyReply,
  unavailableReply,
  unjudgedReply,
  verdictReply,
} from './forward-auth-answer.ts';
import { cachedSettings, type ForwardAuthSettings } from './forward-auth-settings.ts';
import { type Judged, type JudgePorts, judge } from './judge.ts';
import { findPresentedKey, type PresentedKey } from './key-source.ts';
import {
  type OriginalRequest,
  readOriginalRequest,
  recordable,
  type UriPlace,
  uriPathPrefix,
} from './original-request.ts';
import { findProxyPrincipal, type ProxyLookup } from './proxy-principal.ts';
import { type OnUsualProxy, QuickProxy } from './quick-proxy.ts';
import type { QuickVerifier } from './quick-verifier.ts';
import { takeRequest } from './request-quota.ts';
import type { Routes } from './routes.ts';
import type { HttpRequest, HttpResponse } from './uws.ts';

export type ForwardAuthOptions = {
  routes: Routes;
  traffic: Traffic;
  judgePorts: JudgePorts;
  lookup: ProxyLookup;
  /** APIs whose keys may be asked about without a root key. */
  openApiIds: ReadonlySet<string>;
  quick: Pick<QuickVerifier, 'verifyProxy'> | undefined;
  /** A proxy asks with these settings, which are usual ones. */
  onUsualProxy?: OnUsualProxy | undefined;
  /** Why a proxy gets no verdict: a sentence for the operator's eyes alone. */
  onMisconfigured(requestId: string, problem: string): void;
};

export function addForwardAuth(options: ForwardAuthOptions): void {
  const { routes, quick, openApiIds, onUsualProxy } = options;
  const proxy = quick && new QuickProxy(quick, openApiIds, onUsualProxy);
  // Proxies ask with GET, whatever they are asked.
  routes.get('/forward-auth', (response, request) => {
    if (proxy && answerQuickly(options, proxy, { response, request })) return;
    answerProxy(options, response, { request, uriPlace: 'headers' });
  });
  routes.any('/forward-auth', (response, request) => {
    answerProxy(options, response, { request, uriPlace: 'headers' });
  });
  routes.any(`${uriPathPrefix}/*`, (response, request) => {
    answerProxy(options, response, { request, uriPlace: 'path' });
  });
}

type Asked = { request: HttpRequest; uriPlace: UriPlace };

function answerProxy(options: ForwardAuthOptions, response: HttpResponse, asked: Asked): void {
  const { traffic, judgePorts } = options;
  const route = { path: '/forward-auth', isBare: true, traffic };
  const exchange = openExchange(response, asked.request, route);
  exchange.receivedAtMs = judgePorts.stopwatch();
  const isHead = asked.request.getMethod() === 'head';
  const send = (reply: Reply) => sendReply(exchange, isHead ? { ...reply, isHead } : reply);
  const replied = decide(options, exchange, readQuestion(asked));
  if (replied instanceof Promise) void replied.then(send);
  else send(replied);
}

/** By the native engine, if it can. */
function answerQuickly(
  { judgePorts, traffic }: ForwardAuthOptions,
  quick: QuickProxy,
  { response, request }: { response: HttpResponse; request: HttpRequest },
): boolean {
  const answered = quick.answer(request, judgePorts.clock());
  if (!answered) return false;
  response.writeHeader('Content-Type', answered.headers);
  response.end(answered.body, traffic.isDraining);
  traffic.onAnswered(200);
  return true;
}

type Question =
  | {
      ok: true;
      settings: ForwardAuthSettings;
      isPath: boolean;
      rootKey: string;
      original: OriginalRequest;
      presented: PresentedKey | undefined;
    }
  | { ok: false; problem: string };

/**
 * All that the request says. Of its settings nothing comes from the caller behind a proxy that is
 * set up as it should be.
 */
function readQuestion({ request, uriPlace }: Asked): Question {
  const isPath = uriPlace === 'path';
  const text = isPath ? request.getHeader('x-latchkey-settings') : (request.getQuery() ?? '');
  if (isPath && text === '') return { ok: false, problem: 'A proxy sent no X-Latchkey-Settings.' };
  const parsed = cachedSettings(text);
  if (!parsed.ok) return parsed;
  const { settings } = parsed;
  const rootKey = request.getHeader('x-latchkey-root-key');
  const original = readOriginalRequest(request, uriPlace, settings.hopCount);
  const presented = findPresentedKey(settings.sources, request, original.query);
  return { ok: true, settings, isPath, rootKey, original, presented };
}

function decide(
  options: ForwardAuthOptions,
  exchange: Exchange,
  question: Question,
): Reply | Promise<Reply> {
  const { requestId } = exchange;
  const { judgePorts } = options;
  const nowMs = judgePorts.clock();
  const misconfigured = (problem: string) => {
    options.onMisconfigured(requestId, problem);
    return misconfiguredReply(requestId);
  };
  if (!question.ok) return misconfigured(question.problem);
  const { settings, isPath, rootKey, original, presented } = question;
  const { apiId } = settings;
  const isOpen = !isPath && options.openApiIds.has(apiId);
  const found = findProxyPrincipal({ rootKey, apiId, isOpen }, options.lookup, nowMs);
  if (!found.ok) return misconfigured(found.problem);
  const { principal } = found;
  const workspace = options.lookup.workspace(principal.workspaceId);
  const quota = workspace && takeRequest(judgePorts.limits, workspace, nowMs);
  if (quota?.refusal) {
    options.onMisconfigured(requestId, quota.refusal.detail);
    return unavailableReply(requestId);
  }
  if (!presented) return missingKeyReply(requestId, settings.sources);
  const { key, source } = presented;
  const judged = judge(judgePorts, exchange, {
    principal,
    request: { ...settings.check, key },
    original: recordable(original, key),
  });
  const context = { requestId, nowMs, source, check: settings.check };
  const toReply = (result: Judged) => judgedReply(options, result, context);
  return judged instanceof Promise ? judged.then(toReply) : toReply(judged);
}

function judgedReply(
  { onMisconfigured }: ForwardAuthOptions,
  judged: Judged,
  context: AnswerContext,
): Reply {
  if (judged.ok) return verdictReply(judged.verdict, context);
  const { fault } = judged;
  // A key that cannot be one of the import that is asked about: of the callers' making.
  if (fault.code === 'unkey/authentication/malformed') {
    return verdictReply({ outcome: 'NOT_FOUND' }, context);
  }
  if (fault.code === 'unkey/application/service_unavailable') {
    return unavailableReply(context.requestId);
  }
  onMisconfigured(context.requestId, fault.detail);
  return unjudgedReply(context.requestId);
}
