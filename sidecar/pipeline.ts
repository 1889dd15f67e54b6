// The path of a request, in the order a request meets it. Each step either answers, and the path ends there, or goes on.
//
//   begin          measured from here; logged and counted when the answer is complete or the client is gone
//   shape          what two parsers could read in two ways, or is too much            -> 400 417 431 501
//   route          /status/<name>, /result/<name>, /<name>/..., anything else
//   identify       X-Inference-Id, the client's or a new one                          -> 400
//   server         OPTIONS * and CORS preflights, which have no API key; TRACE        -> 200 204 405
//   authenticate   API keys, where configured                                         -> 401
//   look up        status, result, cancel of accepted requests                        -> 200 202 204 404 ...
//   health check   beside the gate, one at a time for all who ask               -> 502 504
//   decide         which mode `Prefer` asks for
//   accept         async modes: stored, then                                          -> 202 409 413 429 503
//   pass           sync modes: the line, a slot, the container, its response back     -> 429 502 504
//
// It wires nothing and holds no state of its own: run.ts builds the parts.
import type { Socket } from 'node:net';
import { headers, type SidecarSettings } from './contract.ts';
import { Passage, type PassageWays } from './gate/passage.ts';
import { UpgradingClient } from './gate/upgrading-client.ts';
import type { Authenticate } from './ingress/authenticate.ts';
import { Exchange, type ExchangeHost } from './ingress/exchange.ts';
import type { Answer } from './ingress/http/answer.ts';
import type { IncomingRequest } from './ingress/http/request.ts';
import { givenId, isWellFormedId, mintId } from './ingress/inference-id.ts';
import type { ConnectionLimits } from './ingress/limits.ts';
import { type Problem, problem } from './ingress/problem.ts';
import type { Route, Router } from './ingress/route.ts';
import { answerForServer, isForServer, type ServerMethods } from './ingress/server-methods.ts';
import { malformed, shapeFault } from './ingress/shape.ts';
import { authorityOf, originForm } from './ingress/target.ts';
import type { Acceptance } from './prefer/accepted.ts';
import { type Decision, decideMode } from './prefer/decide.ts';
import type { Requests } from './prefer/requests.ts';
import { requestHeaders, withoutNames } from './upstream/headers.ts';
import type { HealthRequests } from './upstream/health-requests.ts';
import type { WebSockets } from './upstream/websocket.ts';

export interface PipelineParts {
  readonly settings: Pick<SidecarSettings, 'healthPath'>;
  readonly limits: ConnectionLimits;
  readonly host: ExchangeHost;
  readonly route: Router;
  readonly authenticate: Authenticate;
  readonly server: ServerMethods;
  readonly requests: Requests;
  readonly health: HealthRequests;
  readonly acceptance: Acceptance;
  readonly ways: PassageWays;
  readonly webSockets: WebSockets;
}

export interface Pipeline {
  request(request: IncomingRequest, response: Answer): void;
  upgrade(request: IncomingRequest, response: Answer, socket: Socket, rest: Buffer): void;
}

export function createPipeline(parts: PipelineParts): Pipeline {
  const { settings, host, requests, health, acceptance, ways, webSockets } = parts;
  return {
    request(request, response) {
      const exchange = new Exchange(request, response, host);
      const route = enter(exchange, parts);
      if (route === undefined) return;
      if (route.kind === 'status') return exchange.settle(requests.status(exchange));
      if (route.kind === 'result') return exchange.settle(requests.result(exchange));

      if (isHealthCheck(exchange, settings.healthPath)) {
        exchange.mode = 'health';
        return health.ask(exchange);
      }

      if (!host.cameForWork()) return exchange.answerProblem(goodbye);
      const decision = decideMode(exchange.prefer);
      exchange.mode = decision.mode;
      if (decision.mode === 'async' || decision.mode === 'proxy') return acceptance.accept(exchange, decision);

      if (exchange.request.headers[headers.webhook] !== undefined) return exchange.answerProblem(webhookInVain);

      new Passage(exchange, headersFor(exchange, decision), ways).throughGate();
    },

    upgrade(request, response, socket, rest) {
      const exchange = new Exchange(request, response, host);
      exchange.mode = 'websocket';
      const route = enter(exchange, parts);
      if (route === undefined) return;
      // No WebSockets there; an upgrade may be ignored.
      if (route.kind === 'status') return exchange.settle(requests.status(exchange));
      if (route.kind === 'result') return exchange.settle(requests.result(exchange));
      if (!host.cameForWork()) return exchange.answerProblem(goodbye);
      // Its bytes could not be told from those of the WebSocket.
      if (request.hasBody)
        return exchange.answerLast(problem('malformed_request', 'an upgrade to WebSocket has no body'));
      const client = new UpgradingClient(exchange, socket, rest, webSockets);
      new Passage(exchange, withoutNames(headersFor(exchange, undefined), ofBodies), ways, client).throughGate();
    },
  };
}

const webhookInVain = problem(
  'invalid_webhook',
  'a webhook tells of the end of an async request: add Prefer: respond-async, or leave X-Inference-Webhook out',
);
const goodbye = problem('draining', 'this replica ends, and its successor is not there yet', { retryAfterSeconds: 2 });

/** The steps that every request takes; undefined when one of them has answered. */
function enter(exchange: Exchange, parts: PipelineParts): Route | undefined {
  const { requests } = parts;
  const destination = readShape(exchange, parts);
  if (destination === undefined) return undefined;
  if (destination.kind === 'container') {
    exchange.target = destination.target;
    exchange.prefix = destination.prefix;
  } else {
    exchange.mode = 'lookup';
  }
  const unidentified = identify(exchange, destination);
  if (isForServer(exchange.request) && answerForServer(exchange, destination, parts.server)) return undefined;
  const refusal = unidentified ?? parts.authenticate(exchange);
  if (refusal === undefined) return destination;
  if (destination.kind === 'container') exchange.answerProblem(refusal);
  else requests.refuse(exchange, destination.kind, refusal);
  return undefined;
}

/** Undefined: refused. */
function readShape(exchange: Exchange, { limits, route }: PipelineParts): Route | undefined {
  const { request } = exchange;
  const fault = shapeFault(request, limits.maxHeaders);
  const target = fault === undefined ? originForm(request.method, request.url) : undefined;
  if (target === undefined) {
    exchange.id = mintId();
    exchange.answerLast(
      fault ?? malformed('the request target is neither a path nor an http address of host and path'),
    );
    return undefined;
  }
  exchange.authority = authorityOf(request.url);
  return route(target);
}

function identify(exchange: Exchange, destination: Route): Problem | undefined {
  const given = givenId(exchange.request);
  if (given !== undefined && isWellFormedId(given)) {
    exchange.id = given;
    return undefined;
  }
  exchange.id = mintId();
  if (given !== undefined) {
    return problem('invalid_inference_id', 'X-Inference-Id may have 1 to 128 characters of A-Z a-z 0-9 . _ -');
  }
  if (destination.kind === 'container') return undefined;
  return problem('missing_inference_id', 'say which request in the X-Inference-Id header');
}

/** Load balancers and people ask the container for its health through us: never behind the line. */
function isHealthCheck({ request, target }: Exchange, healthPath: string): boolean {
  if (healthPath === '' || !target.startsWith(healthPath)) return false;
  // A load balancer may add a query of its own.
  const isHealthPath = target.length === healthPath.length || target[healthPath.length] === '?';
  return isHealthPath && (request.method === 'GET' || request.method === 'HEAD');
}

/** Announces what comes behind a body, which an upgrade does not have. */
const ofBodies: ReadonlySet<string> = new Set(['trailer']);

/** The client's header lines as the container gets them; a decision's `Prefer` lines replace the client's. */
function headersFor(exchange: Exchange, decision: Decision | undefined): string[] {
  const prefer = decision?.forwarded;
  if (prefer === undefined) return requestHeaders(exchange, exchange.owner === '' ? unchanged : withoutKey);
  const { without } = exchange.owner === '' ? unchanged : withoutKey;
  return requestHeaders(exchange, {
    without: [...without, 'prefer'],
    added: prefer.flatMap((line) => ['Prefer', line]),
  });
}

const unchanged = { without: [], added: [] } as const;
/** The API key was for us; the container, or a store, has no business with it. */
const withoutKey = { without: ['authorization'], added: [] } as const;
