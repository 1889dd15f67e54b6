// Lists and tokens of HTTP fields (RFC 9110, 5.6): the one place that knows where an element ends. Pure.

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/**
 * The elements of a list (RFC 9110, 5.6.1), trimmed: split at commas outside quoted strings, empty ones dropped.
 * `separator` `;` splits one element into its value and its parameters (5.6.6).
 */
export function splitList(fieldValue: string, separator: ',' | ';' = ','): readonly string[] {
  const elements: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let i = 0; i <= fieldValue.length; i++) {
    const char = fieldValue[i];
    if (char === '\\' && isQuoted && i + 1 < fieldValue.length) i++;
    else if (char === '"') isQuoted = !isQuoted;
    else if (char === undefined || (char === separator && !isQuoted)) {
      const element = trimmed(fieldValue.slice(start, i));
      if (element !== '') elements.push(element);
      start = i + 1;
    }
  }
  return elements;
}

/** A list of tokens in lower case, such as `Connection` or `Content-Encoding`; what is no token is left out. */
export function tokenList(fieldValue: string): readonly string[] {
  return splitList(fieldValue.toLowerCase()).filter(isToken);
}

/** Without optional white space. Not `trim`: it takes bytes such as 0xA0 for blanks. */
export function trimmed(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, '');
}
