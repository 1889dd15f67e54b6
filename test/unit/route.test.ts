// Which target leads where: reserved paths exactly, the public form, and everything else unchanged.
import { expect, test } from 'vitest';
import { createRouter } from '../../sidecar/ingress/route.ts';

const route = createRouter('echo');

test.each(['/status/echo', '/status/echo?x=1'])('%s is the status', (target) => {
  expect(route(target)).toEqual({ kind: 'status' });
});

test.each(['/result/echo', '/result/echo?'])('%s is the result', (target) => {
  expect(route(target)).toEqual({ kind: 'result' });
});

test.each([
  ['/echo/v1/models', '/v1/models', '/echo'],
  ['/echo/v1/models?a=b%20c', '/v1/models?a=b%20c', '/echo'],
  ['/echo', '/', '/echo'],
  ['/echo?x=1', '/?x=1', '/echo'],
  ['/echo/', '/', '/echo'],
  ['/echo//double', '//double', '/echo'],
  ['/echo/status/echo', '/status/echo', '/echo'],
  ['/echoes/v1', '/echoes/v1', ''],
  ['/v1/models', '/v1/models', ''],
  ['/', '/', ''],
  ['/?a', '/?a', ''],
  ['/status/other', '/status/other', ''],
  ['/status/echo/', '/status/echo/', ''],
  ['/status/echo/more', '/status/echo/more', ''],
  ['/STATUS/echo', '/STATUS/echo', ''],
  ['/v1/%2e%2e/a/../b', '/v1/%2e%2e/a/../b', ''],
] as const)('%s reaches the container as %s with prefix %j', (target, forwarded, prefix) => {
  expect(route(target)).toEqual({ kind: 'container', target: forwarded, prefix });
});
