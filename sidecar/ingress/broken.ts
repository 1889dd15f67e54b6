// Answers bytes that never became a request: not HTTP, too large, or too slow. The connection ends with the answer, since
// nobody can tell where a next request would begin.
import { STATUS_CODES } from '../../runtime/http.ts';
import { mintId } from './inference-id.ts';
import {
  OVERLOADED,
  type Problem,
  type ProblemCode,
  problem,
  problemBody,
  problemHeaders,
  problems,
} from './problem.ts';
import { connectRefused } from './server-methods.ts';

/** Code of the fault that a CONNECT is. */
export const CONNECT = 'CONNECT_REFUSED';
/** Code of the fault that a request is for which there is no memory. */
export const NO_MEMORY = 'NO_MEMORY';

export interface BrokenAnswer {
  readonly id: string;
  readonly problem: Problem;
  /** Head and body. */
  readonly text: string;
}

export function answerToBroken(error: NodeJS.ErrnoException): BrokenAnswer {
  const refusal = problemOf(error);
  const id = mintId();
  const body = problemBody(refusal, id);
  const lines = problemHeaders(refusal);
  lines.push('Content-Type', 'application/problem+json', 'Content-Length', String(Buffer.byteLength(body)));
  lines.push('X-Inference-Id', id, 'Server-Timing', 'queue;dur=0', 'Connection', 'close');
  const { status } = problems[refusal.code];
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n`;
  for (let i = 0; i < lines.length; i += 2) head += `${lines[i]}: ${lines[i + 1]}\r\n`;
  return { id, problem: refusal, text: `${head}\r\n${body}` };
}

function problemOf({ code, message }: NodeJS.ErrnoException): Problem {
  if (code === CONNECT) return connectRefused();
  if (code === NO_MEMORY) return OVERLOADED;
  return problem(codes[code ?? ''] ?? 'malformed_request', message);
}

const codes: Readonly<Record<string, ProblemCode>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'malformed_request',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
};
