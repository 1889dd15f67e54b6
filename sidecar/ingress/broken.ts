// Answers bytes that never became a request: not HTTP, too large, or too slow. The connection ends with the answer, since
// nobody can tell where a next request would begin.
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { STATUS_CODES } from '../../runtime/http.ts';
import { mintId } from './inference-id.ts';
import { type Problem, type ProblemCode, problem, problemBody, problemHeaders, problems } from './problem.ts';

export interface BrokenAnswer {
  readonly id: string;
  readonly problem: Problem;
}

/** Answers, and says what it answered; undefined when there was nobody to answer. */
export function answerBroken(error: NodeJS.ErrnoException, socket: Socket): BrokenAnswer | undefined {
  const begun = (socket as Socket & { readonly _httpMessage?: ServerResponse })._httpMessage;
  if (!socket.writable || error.code === 'ECONNRESET' || begun?.headersSent) {
    socket.destroy();
    return undefined;
  }
  const refusal = problemOf(error);
  const id = mintId();
  const body = problemBody(refusal, id);
  const lines = problemHeaders(refusal);
  lines.push('Content-Type', 'application/problem+json', 'Content-Length', String(Buffer.byteLength(body)));
  lines.push('X-Inference-Id', id, 'Server-Timing', 'queue;dur=0', 'Connection', 'close');
  const { status } = problems[refusal.code];
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n`;
  for (let i = 0; i < lines.length; i += 2) head += `${lines[i]}: ${lines[i + 1]}\r\n`;
  socket.end(`${head}\r\n${body}`, () => socket.destroySoon());
  return { id, problem: refusal };
}

function problemOf({ code, message }: NodeJS.ErrnoException): Problem {
  return problem(codes[code ?? ''] ?? 'malformed_request', message);
}

const codes: Readonly<Record<string, ProblemCode>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'malformed_request',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
};
