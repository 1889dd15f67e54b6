// `Content-Type` and `Accept`: media types by their grammar (RFC 9110, 8.3.1 and 12.5.1), not by how their text begins. Pure.
import { isToken, splitList } from './list.ts';

/** `type/subtype` of a Content-Type in lower case, without parameters; empty where it is none. */
export function mediaTypeOf(contentType: string | undefined): string {
  const essence = splitList(contentType ?? '', ';')[0]?.toLowerCase() ?? '';
  const [type = '', subtype = '', ...more] = essence.split('/');
  return isToken(type) && isToken(subtype) && more.length === 0 ? essence : '';
}

/** JSON, or a type whose structured suffix says that it is JSON (RFC 6839, 3.1). */
export function isJsonType(mediaType: string): boolean {
  return mediaType === 'application/json' || /^[^/]+\/[^/]+\+json$/.test(mediaType);
}

/**
 * The weight from 0 to 1 that an Accept field gives a media type which it names; a range such as `text/*` does not name it.
 * 0: not named, or not acceptable.
 */
export function namedWeight(accept: string | undefined, mediaType: string): number {
  let weight = 0;
  for (const range of splitList(accept ?? '')) {
    if (mediaTypeOf(range) === mediaType) weight = Math.max(weight, weightOf(range));
  }
  return weight;
}

/** `q` of a media range (RFC 9110, 12.4.2): 1 without it, 0 where it is malformed. */
function weightOf(range: string): number {
  const q = splitList(range, ';').find((parameter) => /^q[ \t]*=/i.test(parameter));
  if (q === undefined) return 1;
  const value = /^q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/i.exec(q)?.[1];
  return value === undefined ? 0 : Number(value);
}
