// The path of a request, in the order a request meets it. Each step either answers, and the path ends there, or goes on.
//
//   begin          measured from here; logged and counted when the answer is complete or the client is gone
//   refuse         what two parsers could read in two ways, or is too much            -> 400 431
//   route          /status/<name>, /result/<name>, /<name>/..., anything else
//   identify       X-Inference-Id, the client's or a new one                          -> 400
//   authenticate   API keys, where configured                                         -> 401
//   look up        status, result, cancel of accepted requests                        -> 200 202 204 404 ...
//   health check   to the container beside the gate
//   decide         which mode `Prefer` asks for
//   accept         async modes: stored, then                                          -> 202 409 413 429 503
//   pass           sync modes: the line, a slot, the container, its response back     -> 429 502 504
//
// It wires nothing and holds no state of its own: run.ts builds the parts.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SidecarSettings } from './contract.ts';
import type { Authenticate } from './ingress/authenticate.ts';
import { hasBody } from './ingress/body.ts';
import { Exchange, type ExchangeHost, givenId, isWellFormedId } from './ingress/exchange.ts';
import { type Problem, problem } from './ingress/problem.ts';
import type { Router } from './ingress/route.ts';
import { shapeFault } from './ingress/shape.ts';
import { type Acceptance, mintId } from './prefer/accepted.ts';
import { type Decision, decideMode } from './prefer/decide.ts';
import type { Requests } from './prefer/requests.ts';
import { requestHeaders } from './upstream/headers.ts';
import { Passage, type PassageWays } from './upstream/passage.ts';

export interface PipelineParts {
  readonly settings: Pick<SidecarSettings, 'healthPath'>;
  readonly host: ExchangeHost;
  readonly route: Router;
  readonly authenticate: Authenticate;
  readonly requests: Requests;
  readonly acceptance: Acceptance;
  readonly ways: PassageWays;
}

export type Pipeline = (request: IncomingMessage, response: ServerResponse, expectsContinue: boolean) => void;

export function createPipeline(parts: PipelineParts): Pipeline {
  const { settings, host, route, authenticate, requests, acceptance, ways } = parts;

  return (request, response, expectsContinue) => {
    const exchange = new Exchange(request, response, expectsContinue, host);

    const fault = shapeFault(request);
    if (fault !== undefined) return exchange.answerProblem(fault);

    const destination = route(request.url!);
    const refuse = (refusal: Problem) =>
      destination.kind === 'container'
        ? exchange.answerProblem(refusal)
        : requests.refuse(exchange, destination.kind, refusal);

    const unidentified = identify(exchange, destination.kind !== 'container');
    if (unidentified !== undefined) return refuse(unidentified);

    const unauthorized = authenticate(exchange);
    if (unauthorized !== undefined) return refuse(unauthorized);

    if (destination.kind === 'status') return void requests.status(exchange);
    if (destination.kind === 'result') return void requests.result(exchange);

    exchange.target = destination.target;
    exchange.prefix = destination.prefix;
    if (isHealthCheck(exchange, settings.healthPath)) {
      exchange.mode = 'health';
      return new Passage(exchange, headersFor(exchange, { forwarded: undefined }), ways).besideGate();
    }

    const decision = decideMode(exchange.prefer);
    exchange.mode = decision.mode;
    if (decision.mode === 'async' || decision.mode === 'proxy') return acceptance.accept(exchange, decision);

    const passage = new Passage(exchange, headersFor(exchange, decision), ways);
    // By the next tick a small body is here with its headers, and goes on in one piece.
    if (hasBody(request)) process.nextTick(enterGate, passage);
    else passage.throughGate();
  };
}

function enterGate(passage: Passage): void {
  passage.throughGate();
}

function identify(exchange: Exchange, mustHaveOne: boolean): Problem | undefined {
  const given = givenId(exchange.request);
  exchange.id = given !== undefined && isWellFormedId(given) ? given : mintId();
  if (mustHaveOne) exchange.mode = 'lookup';
  if (given === undefined) {
    return mustHaveOne ? problem('missing_inference_id', 'say which request in the X-Inference-Id header') : undefined;
  }
  if (exchange.id === given) return undefined;
  return problem('invalid_inference_id', 'X-Inference-Id may have 1 to 128 characters of A-Z a-z 0-9 . _ -');
}

/** Load balancers and people ask the container for its health through us: never behind the line. */
function isHealthCheck({ request, target }: Exchange, healthPath: string): boolean {
  return healthPath !== '' && target === healthPath && (request.method === 'GET' || request.method === 'HEAD');
}

/** The client's header lines as the container gets them; the decision's `Prefer` lines replace the client's. */
function headersFor(exchange: Exchange, { forwarded }: Pick<Decision, 'forwarded'>): string[] {
  if (forwarded === undefined) return requestHeaders(exchange, unchanged);
  return requestHeaders(exchange, { without: ['prefer'], added: forwarded.flatMap((line) => ['Prefer', line]) });
}

const unchanged = { without: [], added: [] } as const;
