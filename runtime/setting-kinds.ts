// The kinds of value a setting can have. Each says what it expects in words a person can act on.
import { readRedisAddress } from './redis-address.ts';
import type { Kind } from './settings.ts';

export const text: Kind<string> = { expects: 'text', parse: (value) => value };

export const nonEmptyText: Kind<string> = {
  expects: 'text',
  parse: (value) => {
    if (value.trim() === '') throw new Error('not be empty');
    return value;
  },
};

export function integer(min: number, max: number = Number.MAX_SAFE_INTEGER): Kind<number> {
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  return {
    expects: `whole number ${range}`,
    parse: (value) => {
      const number = Number(value);
      if (!/^-?\d+$/.test(value.trim()) || number < min || number > max) throw new Error(`be a whole number ${range}`);
      return number;
    },
  };
}

export const boolean: Kind<boolean> = {
  expects: 'true or false',
  parse: (value) => {
    if (value !== 'true' && value !== 'false') throw new Error('be true or false');
    return value === 'true';
  },
};

export function choice<T extends string>(...options: readonly T[]): Kind<T> {
  return {
    expects: options.join(', '),
    parse: (value) => {
      const found = options.find((option) => option === value);
      if (found === undefined) throw new Error(`be one of ${options.join(', ')}`);
      return found;
    },
  };
}

/** An absolute URL with one of the schemes (`http:`), kept as text. */
export function url(...schemes: readonly string[]): Kind<string> {
  const forms = schemes.map((scheme) => `${scheme}//...`).join(' or ');
  return {
    expects: forms,
    mayHoldSecret: true,
    parse: (value) => {
      const parsed = URL.canParse(value) ? new URL(value) : undefined;
      if (parsed === undefined || !schemes.includes(parsed.protocol)) throw new Error(`be a URL like ${forms}`);
      if (parsed.username !== '' || parsed.password !== '') throw new Error('be a URL without user and password');
      return value;
    },
  };
}

/** The same, or empty where empty means off. */
export function urlOrEmpty(...schemes: readonly string[]): Kind<string> {
  const { expects, parse } = url(...schemes);
  return {
    expects: `${expects}, or empty`,
    mayHoldSecret: true,
    parse: (value) => (value === '' ? value : parse(value)),
  };
}

/** Scheme, host and port of an HTTP server, and nothing else: a path in it would be ignored. */
export const httpOrigin: Kind<string> = {
  expects: 'http://host:port',
  mayHoldSecret: true,
  parse: (value) => {
    const parsed = URL.canParse(value) ? new URL(value) : undefined;
    if (parsed?.protocol !== 'http:' || !/^http:\/\/[^/?#@\\]+\/?$/i.test(value)) {
      throw new Error('be an address like http://host:port, without a path, query, user or password');
    }
    return value;
  },
};

/** An absolute path of an HTTP request target, or empty where empty means off. */
export const httpPathOrEmpty: Kind<string> = {
  expects: 'path that begins with /, or empty',
  parse: (value) => {
    if (value !== '' && !/^\/[!"$-~]*$/.test(value)) {
      throw new Error('be a path that begins with "/" and has no "#", or be empty');
    }
    return value;
  },
};

/** Comma-separated words; empty text is an empty list. */
export const words: Kind<readonly string[]> = {
  expects: 'comma-separated list',
  parse: (value) =>
    value
      .split(',')
      .map((word) => word.trim())
      .filter((word) => word !== ''),
};

/** Address of a store: of a Redis, or with `isFileAllowed` of an SQLite file; empty where empty has a meaning of its own. */
export function storeAddress(isFileAllowed: boolean): Kind<string> {
  const file = isFileAllowed ? 'sqlite:///path/file.db, ' : '';
  return {
    expects: `${file}redis://..., rediss://..., redis+sentinel://..., redis+cluster://..., or empty`,
    mayHoldSecret: true,
    parse: (value) => {
      if (value === '') return value;
      if (isFileAllowed && value.startsWith('sqlite:')) return checkedFile(value);
      readRedisAddress(value);
      return value;
    },
  };
}

function checkedFile(value: string): string {
  if (!/^sqlite:\/\/\/[^?#]+$/.test(value)) throw new Error('be sqlite:///path/file.db, with ? and # percent-encoded');
  return value;
}
