// Every path the server answers, on one screen. Health and control are not here: they are not work.
import { predictions } from './cog.ts';
import type { Handler } from './exchange.ts';
import { image, imageGenerations } from './image.ts';
import { chatCompletions, completions, listModels } from './openai.ts';
import { generate, generateStream } from './tgi.ts';
import * as wire from './wire.ts';

export const routes: readonly (readonly [method: string, path: string, handler: Handler])[] = [
  ['GET', '/v1/models', listModels],
  ['POST', '/v1/completions', completions],
  ['POST', '/v1/chat/completions', chatCompletions],
  ['POST', '/v1/images/generations', imageGenerations],
  ['*', '/image', image],
  ['POST', '/generate', generate],
  ['POST', '/generate_stream', generateStream],
  ['*', '/predictions', predictions],
  ['*', '/echo', wire.echo],
  ['*', '/fail', wire.fail],
  ['*', '/sleep', wire.sleep],
  ['*', '/chunks', wire.chunks],
  ['*', '/trailers', wire.trailers],
  ['*', '/early', wire.early],
  ['*', '/informational', wire.informational],
  ['*', '/hang', wire.hang],
  ['*', '/reset', wire.reset],
  ['*', '/half', wire.half],
  ['*', '/malformed', wire.malformed],
];

/** HEAD is served by the GET handler; node leaves the body out. */
export function findRoute(method: string, path: string): Handler | 'no such path' | 'wrong method' {
  const matching = routes.filter(([, known]) => path === known || (known === '/echo' && path.startsWith('/echo/')));
  if (matching.length === 0) return 'no such path';
  const wanted = method === 'HEAD' ? 'GET' : method;
  return matching.find(([allowed]) => allowed === '*' || allowed === wanted)?.[2] ?? 'wrong method';
}
