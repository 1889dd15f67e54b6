// Refuses requests that two parsers could read in two ways, or that are too much, before anything else looks at them.
// Node's strict parser has refused the rest already: conflicting lengths, obs-fold, bare LF, bad chunk sizes (http/node-parser.ts).
import { splitList } from '../../runtime/fields/list.ts';
import type { IncomingRequest } from './http/request.ts';
import { type Problem, problem } from './problem.ts';
import { isAuthority } from './target.ts';

export function shapeFault(request: IncomingRequest, maxHeaders: number): Problem | undefined {
  const raw = request.rawHeaders;
  if (raw.length > 2 * maxHeaders) return problem('headers_too_large', `more than ${maxHeaders} header lines`);
  let hosts = 0;
  let lengths = 0;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!;
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++;
    else if (name.length === 14 && name.toLowerCase() === 'content-length') lengths++;
  }
  if (request.httpVersionMajor !== 1) return malformed('not HTTP/1.1 or HTTP/1.0');
  const fault = hostFault(request, hosts) ?? codingFault(request, lengths);
  if (fault !== undefined) return typeof fault === 'string' ? malformed(fault) : fault;
  const { expect } = request.headers;
  if (expect !== undefined && splitList(expect).some((each) => each.toLowerCase() !== '100-continue')) {
    return problem('expectation_failed', 'the only expectation known is "100-continue"');
  }
  return undefined;
}

function hostFault({ headers: { host }, httpVersionMinor }: IncomingRequest, hosts: number): string | undefined {
  if (hosts > 1) return 'more than one Host';
  if (host === undefined) return httpVersionMinor === 1 ? 'no Host, which HTTP/1.1 wants' : undefined;
  return isAuthority(host) ? undefined : 'Host is not a host and port';
}

function codingFault({ headers, httpVersionMinor }: IncomingRequest, lengths: number): Problem | string | undefined {
  const coding = headers['transfer-encoding'];
  if (coding === undefined) return undefined;
  if (httpVersionMinor === 0) return 'HTTP/1.0 knows no Transfer-Encoding';
  if (lengths > 0) return 'both Transfer-Encoding and Content-Length';
  if (coding.toLowerCase() === 'chunked') return undefined;
  const codings = splitList(coding.toLowerCase());
  if (codings.every((each) => each === 'chunked')) return 'chunked twice, or not at all';
  return problem('transfer_coding_unknown', 'the only transfer coding known is "chunked"');
}

export function malformed(detail: string): Problem {
  return problem('malformed_request', detail);
}
