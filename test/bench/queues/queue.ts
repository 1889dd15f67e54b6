// What the load asks of a queue under test. 300 bytes of body in, 1 KiB of answer.

export interface BenchQueue {
  /** Resolves when the request is accepted as durably as the queue does. */
  submit(): Promise<void>;
  /** Starts so many workers that answer at once; told of each completed request. */
  work(workers: number, completed: () => void): void;
  close(): Promise<void>;
}

/** All that a sidecar has to keep of a request besides its body; both queues store it. */
export const requestHead = {
  method: 'POST',
  target: '/v1/completions',
  headers: ['Host', 'bench', 'Content-Type', 'application/json', 'Content-Length', '300'],
} as const;
export const requestBody = Buffer.from(JSON.stringify({ model: 'echo', prompt: 'x'.repeat(300 - 28) }));
export const answerBody = Buffer.from(JSON.stringify({ text: 'x'.repeat(1024 - 11) }));
