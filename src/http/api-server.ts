/**
 * The public API of one worker. A verification is answered before its handler returns; a management
 * call waits for Postgres and, if it changed something, for this node's replica.
 */
import { verifyKeyBody } from '../contract/verify-key.ts';
import { verifyKeysEnvelope } from '../contract/verify-keys.ts';
import type { Ingest } from '../events/ingest.ts';
import type { BodyBytes } from '../native/engine.ts';
import { answer } from './answers.ts';
import type { RootKeyLookup } from './authentication.ts';
import { type Exchange, openExchange, sendJson, type Traffic } from './exchange.ts';
import { addForwardAuth, type ForwardAuthOptions } from './forward-auth-endpoint.ts';
import { hotCalls } from './hot-calls.ts';
import { addIngest } from './ingest-endpoint.ts';
import {
  addJsonEndpoint,
  admittedWithoutQuota,
  type JsonEndpointOptions,
  refuseMethod,
  refusePath,
} from './json-endpoint.ts';
import type { JudgePorts } from './judge.ts';
import { type ManagementCall, runManagementCall } from './management.ts';
import { quickVerifyBodies, quickVerifyBody } from './quick-body.ts';
import type { QuickVerifier } from './quick-verifier.ts';
import { addRatelimitEndpoints, type RatelimitPorts } from './ratelimit-endpoint.ts';
import { addReference } from './reference-endpoint.ts';
import { RouteTable, routesOf, tunnelled } from './routes.ts';
import { createHttpApp, type HttpApp, type HttpResponse } from './uws.ts';
import { answerBatch, verifyManyQuickly } from './verify-batch-endpoint.ts';
import { answerVerification, verifyQuickly } from './verify-endpoint.ts';

export type ApiServerPorts = JudgePorts &
  RatelimitPorts & {
    lookup: Pick<RootKeyLookup, 'rootKeyByToken'>;
    calls: readonly ManagementCall[];
    onAnswered(status: number): void;
    bodyBytesMax: number;
    /** Undefined when nobody may insert. */
    ingest: Ingest | undefined;
    forwardAuth: Pick<ForwardAuthOptions, 'openApiIds' | 'onMisconfigured' | 'onUsualProxy'>;
    /** Whether connections come through a native door, which hands on what is strange to it. */
    hasDoor: boolean;
    /** Undefined where there is no native engine: then everything is decided here. */
    quick: QuickVerifier | undefined;
  };

const verifyKeyPath = {
  path: '/v2/keys.verifyKey',
  body: verifyKeyBody,
  quickBody: quickVerifyBody,
};
const verifyKeysPath = {
  path: '/v2/keys.verifyKeys',
  body: verifyKeysEnvelope,
  quickBody: quickVerifyBodies,
};

/** `table` has the same routes as `app`. */
export type ApiServer = { app: HttpApp; table: RouteTable; traffic: Traffic };

export function createApiServer(ports: ApiServerPorts): ApiServer {
  const { lookup, limits, clock, stopwatch, bodyBytesMax } = ports;
  const app = createHttpApp();
  const traffic = openTraffic(app, ports.onAnswered);
  const rootKeys: RootKeyLookup = { rootKeyByToken: lookup.rootKeyByToken };
  const table = new RouteTable();
  const routes = ports.hasDoor ? routesOf([tunnelled(app), table]) : app;
  const endpoint = { routes, traffic, rootKeys, limits, clock, stopwatch, bodyBytesMax };
  const liveness = { path: '/v2/liveness', traffic };

  routes.get(liveness.path, (response, request) => {
    const exchange = openExchange(response, request, liveness);
    sendJson(exchange, answer(exchange.requestId, { message: 'alive' }));
  });
  routes.any(liveness.path, refuseMethod);
  addVerifications(endpoint, ports);
  addForwardAuth({
    ...{ routes, traffic, judgePorts: ports, ...ports.forwardAuth, quick: ports.quick },
    lookup: {
      ...rootKeys,
      workspace: (workspaceId) => lookup.find('workspace', workspaceId),
      api: (apiId) => lookup.find('api', apiId),
    },
  });
  addRatelimitEndpoints(endpoint, ports);
  for (const call of ports.calls) {
    const { name, body } = call;
    addJsonEndpoint(
      endpoint,
      { path: `/v2/${name}`, isAudited: true, body },
      (exchange, request) => {
        void runManagementCall(call, { exchange, request }, ports.awaitApplied);
      },
    );
  }
  if (ports.ingest) addIngest({ routes, traffic, ingest: ports.ingest, bodyBytesMax, stopwatch });
  addReference({ routes, traffic, calls: [...hotCalls, ...ports.calls] });
  routes.any('/*', refusePath);
  return { app, table, traffic };
}

function addVerifications(endpoint: JsonEndpointOptions, ports: ApiServerPorts): void {
  const { quick, clock } = ports;
  const verify =
    quick &&
    ((exchange: Exchange, body: BodyBytes) => verifyQuickly(quick, clock, { exchange, body }));
  addJsonEndpoint(endpoint, { ...verifyKeyPath, answerQuickly: verify }, (exchange, request) => {
    answerVerification(ports, exchange, request);
  });
  const verifyMany =
    quick &&
    ((exchange: Exchange, body: BodyBytes) => {
      const principal = quick.canRead(body) && admittedWithoutQuota(endpoint, exchange);
      if (principal) verifyManyQuickly(quick, ports, { exchange, principal, body });
      return principal !== false;
    });
  const many = { ...verifyKeysPath, answerQuickly: verifyMany };
  addJsonEndpoint(endpoint, many, (exchange, request) => {
    void answerBatch(ports, exchange, request);
  });
}

function openTraffic(app: HttpApp, onAnswered: (status: number) => void): Traffic {
  const traffic = { isDraining: false, inFlightCount: 0, connectionCount: 0, onAnswered };
  // Not an array: the application tells of each connection that opens (1) or closes (-1).
  const countConnection = (_response: HttpResponse, change: unknown) => {
    traffic.connectionCount += Number(change);
  };
  app.filter(countConnection);
  return traffic;
}
