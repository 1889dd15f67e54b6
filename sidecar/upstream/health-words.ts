// What a container's answer to a health probe means. Pure. The words are Verda's, matched without case because Cog shouts.

export type Health = 'healthy' | 'busy' | 'unhealthy';

const HEALTHY_WORDS = new Set(['ok', 'ready', 'healthy', 'running', 'up']);

/** A 200 that is not JSON, or JSON without `status`, is healthy; `busy` takes no new work; all else is not ready. */
export function healthOf(status: number, body: string): Health {
  if (status !== 200) return 'unhealthy';
  const word = statusWord(body);
  if (word === undefined || HEALTHY_WORDS.has(word)) return 'healthy';
  return word === 'busy' ? 'busy' : 'unhealthy';
}

/** The answer in a few words, for a person who asks why the container is not ready. */
export function answerInWords(status: number, body: string): string {
  const word = statusWord(body);
  return word === undefined ? `answered ${status}` : `answered ${status} with status "${word.slice(0, LONGEST_WORD)}"`;
}

const LONGEST_WORD = 80;

/** The lower-case `status` of a JSON object; undefined where there is none. A `status` that is no text is no known word. */
function statusWord(body: string): string | undefined {
  let document: unknown;
  try {
    document = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (typeof document !== 'object' || document === null || !('status' in document)) return undefined;
  return typeof document.status === 'string' ? document.status.trim().toLowerCase() : '';
}
