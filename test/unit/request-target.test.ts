// The request target in its four forms (RFC 9112, 3.2): what path and query each names, which host, and what is none.
import { expect, test } from 'vitest';
import { authorityOf, isAuthority, originForm } from '../../sidecar/ingress/target.ts';

test.each([
  ['/', '/', ''],
  ['/a?b=c', '/a?b=c', ''],
  ['//host/a', '//host/a', ''],
  ['/a\\b|[x]', '/a\\b|[x]', ''],
  ['/a?next=http://h/x', '/a?next=http://h/x', ''],
  ['http://h?next=/admin/x', '/?next=/admin/x', 'h'],
  ['http://h?q=1', '/?q=1', 'h'],
  ['http://h?back=/status/m', '/?back=/status/m', 'h'],
  ['http://h', '/', 'h'],
  ['http://h/', '/', 'h'],
  ['http://h:80/a//b?c', '/a//b?c', 'h:80'],
  ['HTTPS://H/a', '/a', 'H'],
  ['http://[::1]:81/a', '/a', '[::1]:81'],
  ['http://h:/a', '/a', 'h:'],
  ['http://h/a@b', '/a@b', 'h'],
])('%s is the path %s of host %j', (target, path, host) => {
  expect(originForm('GET', target)).toBe(path);
  expect(authorityOf(target)).toBe(host);
});

test.each([
  '/a#b',
  'http://h/a#b',
  'http://h#b',
  'http://user@h/a',
  'http://user:secret@h/a',
  'http://@h/a',
  'http://',
  'http:///a',
  'http://?a',
  'http://:80/a',
  'http://h:80x/a',
  'http://h\\a/b',
  'http://[::1/a',
  'ftp://h/a',
  'ws://h/a',
  'a/b',
  '*',
  '',
])('%s is refused', (target) => {
  expect(originForm('GET', target)).toBeUndefined();
});

test.each(['*', 'http://h', 'http://h:80'])('OPTIONS %s is about the server', (target) => {
  expect(originForm('OPTIONS', target)).toBe('*');
});

test('OPTIONS of a path is about the path', () => {
  expect(originForm('OPTIONS', 'http://h/')).toBe('/');
  expect(originForm('OPTIONS', 'http://h?a')).toBe('/?a');
});

test.each(['', 'a', 'a.example:8080', '127.0.0.1', '[::1]', '[fe80::1]:80', 'a:'])('Host may be %j', (host) => {
  expect(isAuthority(host)).toBe(true);
});

test.each(['a/b', 'u@a', 'a b', 'a:b', '[::1', '::1', 'a:1:2', 'a,b c', 'a?b'])('Host may not be %j', (host) => {
  expect(isAuthority(host)).toBe(false);
});
