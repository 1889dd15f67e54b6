// Loaded into the soaked sidecar before its program (`node --expose-gc --import`): asked over IPC, it collects garbage and tells
// what is really held. Without that a heap that may still widen looks like a leak, and a leak like a heap that widens. It also
// tells how long the event loop stood still at most since it was asked last; its own collections do not count.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { SettledMemory } from './figures.ts';

const delays = monitorEventLoopDelay({ resolution: 10 });
delays.enable();

process.on('message', () => {
  const longestStallMs = delays.max / 1e6;
  // Twice: what a finalizer of the first round lets go is gone after the second.
  globalThis.gc?.();
  setImmediate(() => {
    globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    process.send?.({ heapBytes: heapUsed, externalBytes: external, longestStallMs } satisfies SettledMemory);
    // Once the timer that measures has come round: it is late by the collections.
    setTimeout(() => delays.reset(), 20).unref();
  });
});
process.channel?.unref();
