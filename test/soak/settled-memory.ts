// Loaded into the soaked sidecar before its program (`node --expose-gc --import`): asked over IPC, it collects garbage and tells
// what is really held. Without that a heap that may still widen looks like a leak, and a leak like a heap that widens.
import type { SettledMemory } from './figures.ts';

process.on('message', () => {
  // Twice: what a finalizer of the first round lets go is gone after the second.
  globalThis.gc?.();
  setImmediate(() => {
    globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    process.send?.({ heapBytes: heapUsed, externalBytes: external } satisfies SettledMemory);
  });
});
process.channel?.unref();
