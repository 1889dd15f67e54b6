// What the load asks of a queue under test. 300 bytes of body in, 1 KiB of answer.

export interface BenchQueue {
  /** Resolves when the request is accepted as durably as the queue does. */
  submit(): Promise<void>;
  /** Starts so many workers that answer at once; told of each completed request. */
  work(workers: number, completed: () => void): void;
  close(): Promise<void>;
}

export const requestBody = Buffer.from(JSON.stringify({ model: 'echo', prompt: 'x'.repeat(300 - 28) }));
export const answerBody = Buffer.from(JSON.stringify({ text: 'x'.repeat(1024 - 11) }));
