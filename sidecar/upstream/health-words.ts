// What a container's answer to a health probe means. Pure. The words are Verda's, matched without case because Cog shouts.
import { isJsonType, mediaTypeOf } from '../../runtime/fields/media-type.ts';
import type { RawHeaders } from '../store/record.ts';
import { headerOf, isPlain } from './headers.ts';

export type Health = 'healthy' | 'busy' | 'unhealthy';

export interface HealthAnswer {
  readonly status: number;
  readonly lines: RawHeaders;
  /** As UTF-8. */
  readonly body: string;
  /** There was more of it than is read. */
  readonly isCut: boolean;
}

export interface HealthVerdict {
  readonly kind: Health;
  /** The answer in a few words, for a person who asks why the container is not ready. */
  readonly message: string;
}

const HEALTHY_WORDS = new Set(['ok', 'ready', 'healthy', 'running', 'up']);
const LONGEST_WORD = 80;

/**
 * A 200 that is not JSON, or JSON without `status`, is healthy; `busy` takes no new work; all else is not ready, a 200 that says it has
 * something to say which cannot be read among it.
 */
export function judgeAnswer(answer: HealthAnswer): HealthVerdict {
  const { status, body } = answer;
  const unreadable = unreadableIn(answer);
  if (unreadable !== undefined) return { kind: 'unhealthy', message: `answered ${status} ${unreadable}` };
  const word = statusWord(body);
  const message = `answered ${status}${word === undefined ? '' : ` with status "${word.slice(0, LONGEST_WORD)}"`}`;
  return { kind: status === 200 ? healthOf(word) : 'unhealthy', message };
}

function healthOf(word: string | undefined): Health {
  if (word === undefined || HEALTHY_WORDS.has(word)) return 'healthy';
  return word === 'busy' ? 'busy' : 'unhealthy';
}

function unreadableIn({ lines, body, isCut }: HealthAnswer): string | undefined {
  if (!isPlain(lines)) return `in Content-Encoding ${headerOf(lines, 'content-encoding')}, which was not asked for`;
  const type = mediaTypeOf(headerOf(lines, 'content-type'));
  if (!isJsonType(type) || (body === '' && !isCut)) return undefined;
  if (isCut) return `with ${type} that is too long to be read`;
  return documentOf(body) === undefined ? `with ${type} that cannot be read` : undefined;
}

/** The lower-case `status` of a JSON object; undefined where there is none. A `status` that is no text is no known word. */
function statusWord(body: string): string | undefined {
  const document = documentOf(body);
  if (typeof document !== 'object' || document === null || !('status' in document)) return undefined;
  return typeof document.status === 'string' ? document.status.trim().toLowerCase() : '';
}

/** Undefined: not JSON. */
function documentOf(body: string): unknown {
  try {
    return JSON.parse(body.replace(/^\uFEFF/, ''));
  } catch {
    return undefined;
  }
}
