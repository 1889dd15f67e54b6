// What the measured rate says of waiting times, and what it does not say before it knows enough.
import { expect, test } from 'vitest';
import { ServiceRate } from '../../sidecar/gate/service-rate.ts';

test('says nothing of the wait before five measurements', () => {
  const rate = new ServiceRate(1);
  for (let i = 0; i < 4; i++) rate.observe(1_000);
  expect(rate.expectedWaitMs(10)).toBeNull();
  rate.observe(1_000);
  expect(rate.expectedWaitMs(10)).toBeCloseTo(11_000);
});

test('several slots work a line off faster', () => {
  const rate = new ServiceRate(4);
  for (let i = 0; i < 5; i++) rate.observe(2_000);
  expect(rate.expectedWaitMs(3)).toBeCloseTo(2_000);
});

test('follows a change within a handful of requests', () => {
  const rate = new ServiceRate(1);
  for (let i = 0; i < 20; i++) rate.observe(100);
  for (let i = 0; i < 10; i++) rate.observe(10_000);
  expect(rate.expectedWaitMs(0)).toBeGreaterThan(8_000);
});

test.each([
  [0, 1],
  [10, 6],
  [100_000, 300],
])('who is refused with %i in line comes back after %i s, when half of it is gone', (waiting, seconds) => {
  const rate = new ServiceRate(1);
  for (let i = 0; i < 5; i++) rate.observe(1_000);
  expect(rate.retryAfterSeconds(waiting)).toBe(seconds);
});

test('an unmeasured container still gets a number', () => {
  expect(new ServiceRate(1).retryAfterSeconds(50)).toBe(1);
});
