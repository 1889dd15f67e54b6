// RFC 7240: the preferences of a `Prefer` header, in order. Pure. Malformed preferences are left out, as the RFC says.
import { splitList } from '../../runtime/fields/list.ts';

export interface Preference {
  /** Lower case. */
  readonly name: string;
  /** Unquoted; empty when there is none. */
  readonly value: string;
  /** As received, with its parameters: what travels on. */
  readonly text: string;
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const WORD = `(?:${TOKEN}|"(?:[^"\\\\]|\\\\.)*")`;
// Each run of blanks can be matched in one way only, else a hostile header would cost exponential time.
const VALUE = `(?:[ \\t]*=(?:[ \\t]*(${WORD}))?)?`;
const PARAMETERS = `(?:[ \\t]*;(?:[ \\t]*${TOKEN}${VALUE.replace('((', '(?:(')})?)*`;
const PREFERENCE = new RegExp(`^(${TOKEN})${VALUE}${PARAMETERS}$`);

export function parsePrefer(fieldValue: string): readonly Preference[] {
  const preferences: Preference[] = [];
  for (const text of splitList(fieldValue)) {
    const match = PREFERENCE.exec(text);
    if (match !== null) preferences.push({ name: match[1]!.toLowerCase(), value: unquote(match[2] ?? ''), text });
  }
  return preferences;
}

function unquote(word: string): string {
  return word.startsWith('"') ? word.slice(1, -1).replace(/\\(.)/g, '$1') : word;
}
