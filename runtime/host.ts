// The one form in which two names of a host are compared: as the URL standard writes it (lower case, IDN in ASCII, addresses in their
// shortest form), without brackets and without the dot of the root.
import { isIPv6 } from 'node:net';

/** Of a host alone, without port; undefined where the text is none. IPv6 with brackets or without. */
export function normalHost(text: string): string | undefined {
  const isBare = isIPv6(text);
  if (!isBare && /[/?#@\\%\s]|:(?![^[]*\]$)/.test(text)) return undefined;
  const url = `http://${isBare ? `[${text}]` : text}/`;
  const host = URL.canParse(url) ? hostOf(new URL(url)) : '';
  return host === '' ? undefined : host;
}

export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
}
