// Whoever begins to work for a client that has left already is told so at once, and not when its time is over.
import { expect, test } from 'vitest';
import { Exchange, type ExchangeHost } from '../../sidecar/ingress/exchange.ts';
import type { Answer } from '../../sidecar/ingress/http/answer.ts';
import type { IncomingRequest } from '../../sidecar/ingress/http/request.ts';

function exchange(): Exchange {
  const host = { monotonicMs: () => 0, traceOf: () => undefined, ended: () => undefined };
  const [request, response] = [{ expectsContinue: false }, {}];
  return new Exchange(request as IncomingRequest, response as Answer, host as unknown as ExchangeHost);
}

test('a client that left before anybody asked: the call comes at once, the signal is aborted', () => {
  const left = exchange();
  left.answerClosed(false);
  let calls = 0;
  left.onClientGone(() => calls++);
  expect([calls, left.clientGone.aborted]).toEqual([1, true]);
});

test('a client that leaves later: the signal aborts then; one that was answered has not left', () => {
  const [leaving, answered] = [exchange(), exchange()];
  const signals = [leaving.clientGone, answered.clientGone];
  expect(signals.map(({ aborted }) => aborted)).toEqual([false, false]);
  leaving.answerClosed(false);
  answered.answerClosed(true);
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
});
